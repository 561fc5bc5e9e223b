import { goQuote } from '../../../go-text.ts'
import type { Device, ResourceSlice } from '../../../generated/types.ts'
import { resourceSlices } from '../../../resources.ts'
import { formatTime } from '../../../time.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec, startGeneration } from '../../definition/generation.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { validateSlice, validateSliceUpdate } from './validation.ts'

export const resourceSlice = defineKind<ResourceSlice>({
  type: resourceSlices,
  strategy: {
    prepareForCreate(object, { nowMs }) {
      for (const device of object.spec.devices ?? []) prepareDevice(device, nowMs)
      startGeneration(object)
    },
    prepareForUpdate(object, old, { nowMs }) {
      for (const device of object.spec.devices ?? []) prepareDevice(device, nowMs)
      advanceWithSpec(object, old)
    },
    validate: validateSlice,
    validateUpdate: validateSliceUpdate,
    warnings: (object, old) => [
      ...caseWarnings(object),
      ...unattendedWarning('ResourceSlice', old),
    ],
  },
  selectableFields: ({ spec }) => ({
    'spec.nodeName': spec.nodeName ?? '',
    'spec.driver': spec.driver,
  }),
  table: {
    columns: [
      text('Node', 'The node that has the devices, if one has.'),
      text('Driver', 'The driver that offers them.'),
      text('Pool', 'The pool that they belong to.'),
      ageColumn,
    ],
    cells: (object, nowMs) => {
      const { nodeName = '', driver, pool } = object.spec
      return [nodeName, driver, pool.name, age(object, nowMs)]
    },
  },
})

/** Feature gates that are off by default: DRANodeAllocatableResources, DRAListTypeAttributes. */
function prepareDevice(device: Device, nowMs: number): void {
  for (const taint of device.taints ?? []) taint.timeAdded ??= formatTime(nowMs)
  delete device.nodeAllocatableResourceMappings
  for (const attribute of Object.values(device.attributes ?? {}))
    for (const field of ['bools', 'ints', 'strings', 'versions'] as const) delete attribute[field]
}

function caseWarnings({ spec: { driver } }: ResourceSlice): string[] {
  if (driver === driver.toLowerCase()) return []
  const rule = 'driver names should be lowercase'
  return [`spec.driver: ${rule}; ${goQuote(driver)} contains uppercase characters`]
}
