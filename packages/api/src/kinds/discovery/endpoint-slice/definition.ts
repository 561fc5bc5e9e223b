import type { EndpointSlice } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { endpointSlices } from '../../../resources.ts'
import { abbreviated } from '../../columns/abbreviated.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceGeneration, startGeneration } from '../../definition/generation.ts'
import {
  endpointSliceWarnings,
  validateEndpointSlice,
  validateEndpointSliceUpdate,
} from './validation.ts'

export const endpointSlice = defineKind<EndpointSlice>({
  type: endpointSlices,
  strategy: {
    setDefaults({ ports }) {
      for (const port of ports ?? []) {
        port.name ??= ''
        port.protocol ??= 'TCP'
      }
    },
    prepareForCreate(object) {
      startGeneration(object)
      dropTopology(object)
    },
    prepareForUpdate(object, old) {
      const changed =
        !deepEqual({ ...object, metadata: {} }, { ...old, metadata: {} }) ||
        !deepEqual(object.metadata.labels, old.metadata.labels)
      advanceGeneration(object, old, changed)
      if (!deepEqual(object.endpoints, old.endpoints)) dropTopology(object)
    },
    validate: validateEndpointSlice,
    validateUpdate: validateEndpointSliceUpdate,
    warnings: endpointSliceWarnings,
  },
  table: {
    columns: [
      text('AddressType', 'What kind of addresses they are.'),
      text('Ports', 'The first of the ports.'),
      text('Endpoints', 'The first of the addresses.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [
      object.addressType,
      abbreviated((object.ports ?? []).map(portText), 3, '<unset>'),
      abbreviated(
        (object.endpoints ?? []).flatMap(({ addresses }) => addresses),
        3,
        '<unset>',
      ),
      age(object, nowMs),
    ],
  },
})

function portText({ port, name }: { port?: number; name?: string }): string {
  return port === undefined ? (name ?? '*') : String(port)
}

/** The topology of v1beta1: readers of v1 may see it, writers may not set it. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology
}
