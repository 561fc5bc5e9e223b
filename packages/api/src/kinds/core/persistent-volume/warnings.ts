import type { PersistentVolume, PersistentVolumeSpec } from '../../../generated/types.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { termWarnings } from '../../pod-spec/warnings.ts'
import { betaClassAnnotation } from '../persistent-volume-claim/storage-class-name.ts'
import { mountOptionsAnnotation } from './validation.ts'

const deprecatedAnnotations = {
  [betaClassAnnotation]: 'deprecated since v1.8; use "storageClassName" attribute instead',
  [mountOptionsAnnotation]: 'deprecated since v1.31; use "mountOptions" attribute instead',
}

const deprecatedSources: readonly (readonly [
  field: keyof PersistentVolumeSpec,
  shown: string,
  text: string,
])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]

export function volumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const at = fieldPath('spec', 'nodeAffinity', 'required', 'nodeSelectorTerms')
  const recycles = spec.persistentVolumeReclaimPolicy === 'Recycle'
  const advice = 'Instead, the recommended approach is to use dynamic provisioning.'
  return [
    ...Object.entries(deprecatedAnnotations)
      .filter(([key]) => metadata.annotations?.[key] !== undefined)
      .map(([key, text]) => `metadata.annotations[${key}]: ${text}`),
    ...(recycles
      ? [`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${advice}`]
      : []),
    ...terms.flatMap((term, i) => termWarnings(term, at.index(i), false)),
    ...deprecatedSources
      .filter(([field]) => spec[field] !== undefined)
      .map(([, shown, text]) => `spec.${shown}: ${text}`),
  ]
}
