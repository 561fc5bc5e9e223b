import type { CSIDriver } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { csiDrivers } from '../../../resources.ts'
import { age, ageColumn, boolean, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { advanceWithSpec } from '../../definition/generation.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { validateCsiDriver, validateCsiDriverUpdate } from './validation.ts'

export const csiDriver = defineKind<CSIDriver>({
  type: csiDrivers,
  strategy: {
    setDefaults({ spec }) {
      spec.attachRequired ??= true
      spec.podInfoOnMount ??= false
      spec.storageCapacity ??= false
      spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
      if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent']
      spec.requiresRepublish ??= false
      spec.seLinuxMount ??= false
    },
    prepareForCreate: dropDisabled,
    prepareForUpdate(object, old) {
      dropDisabled(object)
      advanceWithSpec(object, old)
    },
    validate: validateCsiDriver,
    validateUpdate: validateCsiDriverUpdate,
    warnings: (object, old) => [
      ...tokenWarnings(object, old),
      ...unattendedWarning('CSIDriver', old),
    ],
    allowUnconditionalUpdate: false,
  },
  table: {
    columns: [
      boolean('AttachRequired', 'Whether volumes are attached before they are mounted.'),
      boolean('PodInfoOnMount', 'Whether a mount tells the driver of the pod.'),
      boolean('StorageCapacity', 'Whether the driver tells where there is room.'),
      text('TokenRequests', 'Audiences of the tokens that the driver gets.'),
      boolean('RequiresRepublish', 'Whether mounts are made anew from time to time.'),
      text('Modes', 'Life cycles of volumes that the driver knows.'),
      ageColumn,
    ],
    cells: (object, nowMs) => {
      const { spec } = object
      return [
        spec.attachRequired ?? true,
        spec.podInfoOnMount ?? false,
        spec.storageCapacity ?? false,
        spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
        spec.requiresRepublish ?? false,
        (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
        age(object, nowMs),
      ]
    },
  },
})

/** Its feature gate is off by default (VolumeLimitScaling). */
function dropDisabled({ spec }: CSIDriver): void {
  delete spec.preventPodSchedulingIfMissing
}

function tokenWarnings({ spec }: CSIDriver, old: CSIDriver | undefined): string[] {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = spec
  if (tokenRequests.length === 0 || serviceAccountTokenInSecrets !== undefined) return []
  if (old && deepEqual(old.spec.tokenRequests ?? [], tokenRequests)) return []
  const unset = 'spec.serviceAccountTokenInSecrets is unset'
  const advice = 'if supported by this CSI driver, set to true'
  return [`${unset}; ${advice} to prevent possible logging of tokens in volume attributes`]
}
