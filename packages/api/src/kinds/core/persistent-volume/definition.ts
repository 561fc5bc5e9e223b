import type { PersistentVolume } from '../../../generated/types.ts'
import { persistentVolumes } from '../../../resources.ts'
import { age, ageColumn, text, wide } from '../../columns/column.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { keepSpec, keepStatus, statusSubresource } from '../../definition/status-subresource.ts'
import type { RequestContext } from '../../kind-definition.ts'
import { defaultNetworkDisk } from '../../pod-spec/volume-defaults.ts'
import { roundUpToMillis } from '../../pod-spec/resource-list.ts'
import { formatTime } from '../../../time.ts'
import { accessModesText, storageClassName } from '../persistent-volume-claim/storage-class-name.ts'
import { validateVolume, validateVolumeUpdate } from './validation.ts'
import { volumeWarnings } from './warnings.ts'

export const persistentVolume = defineKind<PersistentVolume>({
  type: persistentVolumes,
  shortNames: ['pv'],
  strategy: {
    setDefaults,
    prepareForCreate(object, context) {
      object.status = { phase: 'Pending', lastPhaseTransitionTime: now(context) }
    },
    prepareForUpdate: keepStatus,
    validate: validateVolume,
    validateUpdate: validateVolumeUpdate,
    warnings: volumeWarnings,
  },
  subresources: [
    statusSubresource<PersistentVolume>({
      prepareForUpdate(object, old, context) {
        keepSpec(object, old)
        keepTransitionTime(object, old, context)
      },
    }),
  ],
  table: {
    columns: [
      text('Capacity', 'How much it holds.'),
      text('Access Modes', 'How it may be mounted.'),
      text('Reclaim Policy', 'What becomes of it when its claim is gone.'),
      text('Status', 'Whether it is free, bound or released.'),
      text('Claim', 'The claim that it is bound to.'),
      text('StorageClass', 'The class that it is of.'),
      text('VolumeAttributesClass', 'The class of attributes that it has.'),
      text('Reason', 'Why it is in that state.'),
      ageColumn,
      wide('VolumeMode', 'Whether it is mounted as a file system or used as a device.'),
    ],
    cells: (object, nowMs) => {
      const { spec, status, metadata } = object
      const { claimRef } = spec
      return [
        spec.capacity?.['storage'] ?? '0',
        accessModesText(spec.accessModes),
        spec.persistentVolumeReclaimPolicy ?? '',
        metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
        claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '',
        storageClassName(object),
        spec.volumeAttributesClassName ?? '<unset>',
        status.reason ?? '',
        age(object, nowMs),
        spec.volumeMode ?? '<unset>',
      ]
    },
  },
  // With `name` besides metadata.name: a slip of upstream that clients may rely on.
  selectableFields: ({ metadata }) => ({ name: metadata.name }),
})

function setDefaults(object: PersistentVolume): void {
  const { spec } = object
  object.status.phase ||= 'Pending'
  spec.persistentVolumeReclaimPolicy ||= 'Retain'
  spec.volumeMode ??= 'Filesystem'
  roundUpToMillis(spec.capacity)
  if (spec.hostPath) spec.hostPath.type ??= ''
  defaultNetworkDisk(spec)
}

/** The server notes when the phase changed, unless the writer does. */
function keepTransitionTime(
  { status }: PersistentVolume,
  { status: old }: PersistentVolume,
  context: RequestContext,
): void {
  const { lastPhaseTransitionTime: time } = status
  const before = old.lastPhaseTransitionTime
  if (status.phase === old.phase) {
    if (time === undefined && before !== undefined) status.lastPhaseTransitionTime = before
  } else if (time === undefined || time === before) status.lastPhaseTransitionTime = now(context)
}

function now({ nowMs }: RequestContext): string {
  return formatTime(nowMs)
}
