import { isIPv6 } from 'node:net'
import type { Endpoints, EndpointSubset } from '../../../generated/types.ts'
import { endpoints as type } from '../../../resources.ts'
import { abbreviated } from '../../columns/abbreviated.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { endpointsWarnings, validateEndpoints, validateEndpointsUpdate } from './validation.ts'

export const endpoints = defineKind<Endpoints>({
  type,
  shortNames: ['ep'],
  storage: 'services/endpoints',
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  strategy: {
    allowCreateOnUpdate: true,
    setDefaults({ subsets }) {
      for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP'
    },
    validate: validateEndpoints,
    validateUpdate: validateEndpointsUpdate,
    warnings: endpointsWarnings,
  },
  table: {
    columns: [text('Endpoints', 'The first of the ready addresses with their ports.'), ageColumn],
    cells: (object, nowMs) => [
      abbreviated((object.subsets ?? []).flatMap(addressesOf), 3, '<none>'),
      age(object, nowMs),
    ],
  },
})

function addressesOf({ addresses, ports }: EndpointSubset): string[] {
  const ips = (addresses ?? []).map(({ ip }) => ip)
  if (!ports || ports.length === 0) return ips
  return ports.flatMap(({ port }) => ips.map((ip) => `${isIPv6(ip) ? `[${ip}]` : ip}:${port}`))
}
