import type { StorageClass } from '../../../generated/types.ts'
import { storageClasses } from '../../../resources.ts'
import { age, ageColumn, text } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { storageClassWarnings } from './warnings.ts'
import { validateStorageClass, validateStorageClassUpdate } from './validation.ts'

/** The second is the annotation's name before v1.6. */
const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

export const storageClass = defineKind<StorageClass>({
  type: storageClasses,
  shortNames: ['sc'],
  strategy: {
    setDefaults(object) {
      object.reclaimPolicy ??= 'Delete'
      object.volumeBindingMode ??= 'Immediate'
    },
    validate: validateStorageClass,
    validateUpdate: validateStorageClassUpdate,
    warnings: storageClassWarnings,
  },
  table: {
    name: ({ metadata }) =>
      defaultAnnotations.some((key) => metadata.annotations?.[key] === 'true')
        ? `${metadata.name} (default)`
        : metadata.name,
    columns: [
      text('Provisioner', 'Who makes its volumes.'),
      text('ReclaimPolicy', 'What becomes of a volume when its claim is gone.'),
      text('VolumeBindingMode', 'When a volume is made and bound.'),
      text('AllowVolumeExpansion', 'Whether its volumes can grow.'),
      ageColumn,
    ],
    cells: (object, nowMs) => [
      object.provisioner,
      object.reclaimPolicy ?? 'Delete',
      object.volumeBindingMode ?? 'Immediate',
      object.allowVolumeExpansion ?? false,
      age(object, nowMs),
    ],
  },
})
