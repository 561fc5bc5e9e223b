import type {
  ConfigMapVolumeSource,
  DownwardAPIVolumeSource,
  EphemeralVolumeSource,
  HostPathVolumeSource,
  ImageVolumeSource,
  NFSVolumeSource,
  PersistentVolumeClaimVolumeSource,
  SecretVolumeSource,
  Volume,
} from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { oneOf, requiredIfEmpty } from '../rules/checked.ts'
import { validateFileMode, validateNoBacksteps } from '../rules/local-path.ts'
import { validateClaimTemplate } from './claim-template.ts'
import { networkDiskRules } from './network-disk-rules.ts'
import type { PodRules } from './pod-rules.ts'
import { validateProjected } from './projected-validation.ts'
import { validateDownwardFile, validateKeysToPaths } from './volume-files.ts'

export type SourceField = Exclude<keyof Volume, 'name' | 'emptyDir'>

export interface VolumeSourceRule {
  readonly field: SourceField
  /** What paths call it, where that differs from the field. */
  readonly pathName?: string
  readonly forbiddenName?: string
  validate(source: never, path: FieldPath, rules: PodRules): FieldError[]
}

/** Every kind of volume in the order in which upstream asks; emptyDir comes before them all. */
export const volumeSourceRules: readonly VolumeSourceRule[] = [
  { field: 'hostPath', validate: validateHostPath },
  ...networkDiskRules(['gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore']),
  { field: 'secret', validate: validateSecretSource },
  { field: 'nfs', validate: validateNfs },
  ...networkDiskRules(['iscsi', 'glusterfs', 'flocker']),
  { field: 'persistentVolumeClaim', validate: validateClaim },
  ...networkDiskRules(['rbd', 'cinder', 'cephfs', 'quobyte']),
  { field: 'downwardAPI', forbiddenName: 'downwarAPI', validate: validateDownwardApi },
  ...networkDiskRules(['fc', 'flexVolume']),
  { field: 'configMap', validate: validateConfigMapSource },
  ...networkDiskRules([
    'azureFile',
    'vsphereVolume',
    'photonPersistentDisk',
    'portworxVolume',
    'azureDisk',
    'storageos',
  ]),
  { field: 'projected', validate: validateProjected },
  ...networkDiskRules(['scaleIO', 'csi']),
  { field: 'ephemeral', validate: validateEphemeral },
  { field: 'image', validate: validateImage },
]

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

export function validateHostPath(source: HostPathVolumeSource, path: FieldPath): FieldError[] {
  if (source.path === '') return [fieldRequired(path.child('path'))]
  const errors = validateNoBacksteps(path.child('path'), source.path)
  const { type } = source
  if (type !== undefined && !hostPathTypes.includes(type))
    errors.push(fieldNotSupported(path.child('type'), type, hostPathTypes))
  return errors
}

function validateSecretSource(source: SecretVolumeSource, path: FieldPath): FieldError[] {
  return [
    ...requiredIfEmpty(path.child('secretName'), source.secretName),
    ...validateFileMode(path.child('defaultMode'), source.defaultMode),
    ...validateKeysToPaths(source.items, path.child('items')),
  ]
}

function validateConfigMapSource(source: ConfigMapVolumeSource, path: FieldPath): FieldError[] {
  return [
    ...requiredIfEmpty(path.child('name'), source.name),
    ...validateFileMode(path.child('defaultMode'), source.defaultMode),
    ...validateKeysToPaths(source.items, path.child('items')),
  ]
}

export function validateNfs(source: NFSVolumeSource, path: FieldPath): FieldError[] {
  const errors = [
    ...requiredIfEmpty(path.child('server'), source.server),
    ...requiredIfEmpty(path.child('path'), source.path),
  ]
  if (!source.path.startsWith('/'))
    errors.push(fieldInvalid(path.child('path'), source.path, 'must be an absolute path'))
  return errors
}

function validateClaim(
  { claimName }: PersistentVolumeClaimVolumeSource,
  path: FieldPath,
): FieldError[] {
  return requiredIfEmpty(path.child('claimName'), claimName)
}

// Upstream names the source, not the item, in errors of items.
function validateDownwardApi(source: DownwardAPIVolumeSource, path: FieldPath): FieldError[] {
  return [
    ...validateFileMode(path.child('defaultMode'), source.defaultMode),
    ...(source.items ?? []).flatMap((item) => validateDownwardFile(item, path)),
  ]
}

function validateEphemeral(source: EphemeralVolumeSource, path: FieldPath): FieldError[] {
  const at = path.child('volumeClaimTemplate')
  const template = source.volumeClaimTemplate
  return template ? validateClaimTemplate(template, at) : [fieldRequired(at)]
}

function validateImage(
  { reference, pullPolicy }: ImageVolumeSource,
  path: FieldPath,
  { isPod }: PodRules,
): FieldError[] {
  return [
    ...(isPod ? requiredIfEmpty(path.child('reference'), reference) : []),
    ...oneOf(path.child('pullPolicy'), pullPolicy, ['Always', 'IfNotPresent', 'Never']),
  ]
}
