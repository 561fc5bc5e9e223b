import type { PersistentVolumeClaim } from '../../../generated/types.ts'
import { persistentVolumeClaims } from '../../../resources.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import { unattendedWarning } from '../../definition/unattended.ts'
import { roundUpToMillis } from '../../pod-spec/resource-list.ts'
import { setClaimSpecDefaults } from './defaults.ts'
import { normalizeDataSources } from './data-source.ts'
import { accessModesText, storageClassName } from './storage-class-name.ts'
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './validation.ts'
import { claimWarnings } from './warnings.ts'

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  type: persistentVolumeClaims,
  shortNames: ['pvc'],
  strategy: {
    setDefaults({ spec, status }) {
      setClaimSpecDefaults(spec)
      roundUpToMillis(status.capacity)
      roundUpToMillis(status.allocatedResources)
      status.phase ||= 'Pending'
    },
    prepareForCreate(object) {
      object.status = { phase: 'Pending' }
      normalizeDataSources(object.spec, undefined)
    },
    prepareForUpdate(object, old) {
      keepStatus(object, old)
      normalizeDataSources(object.spec, old.spec)
    },
    validate: validateClaim,
    validateUpdate: validateClaimUpdate,
    warnings: (object, old) => [...claimWarnings(object), ...unattendedWarning(object.kind, old)],
  },
  subresources: [statusSubresource<PersistentVolumeClaim>({ validateUpdate: validateClaimStatus })],
  table: {
    columns: [
      text('Status', 'Whether a volume is bound to it.'),
      text('Volume', 'The volume that is bound to it.'),
      text('Capacity', 'How much its volume holds.'),
      text('Access Modes', 'How its volume may be mounted.'),
      text('StorageClass', 'The class of volume that it asks for.'),
      text('VolumeAttributesClass', 'The class of attributes that it asks for.'),
      ageColumn,
      wide('VolumeMode', 'Whether it is mounted as a file system or used as a device.'),
    ],
    cells: (object, nowMs) => {
      const { spec, status, metadata } = object
      const isBound = (spec.volumeName ?? '') !== ''
      return [
        metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
        spec.volumeName ?? '',
        isBound ? (status.capacity?.['storage'] ?? '0') : '',
        isBound ? accessModesText(status.accessModes) : '',
        storageClassName(object),
        spec.volumeAttributesClassName ?? '<unset>',
        age(object, nowMs),
        spec.volumeMode ?? '<unset>',
      ]
    },
  },
  // With `name` besides metadata.name: a slip of upstream that clients may rely on.
  selectableFields: ({ metadata }) => ({ name: metadata.name }),
})
