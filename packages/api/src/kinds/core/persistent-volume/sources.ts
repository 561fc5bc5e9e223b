import type {
  CSIPersistentVolumeSource,
  LocalVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
} from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldRequired } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Label, checkDns1123Subdomain } from '../../../validation/name-rules.ts'
import { networkDiskRules } from '../../pod-spec/network-disk-rules.ts'
import { validateHostPath, validateNfs } from '../../pod-spec/volume-sources.ts'
import { checkedIfSet, requiredIfEmpty } from '../../rules/checked.ts'
import { validateNoBacksteps } from '../../rules/local-path.ts'
import { validateDriverName } from '../../storage/driver-name.ts'

interface SourceRule {
  readonly field: keyof PersistentVolumeSpec
  readonly pathName?: string
  validate(source: never, path: FieldPath): FieldError[]
}

/** Every kind of volume in the order in which upstream asks. */
const rules: readonly SourceRule[] = [
  { field: 'hostPath', validate: validateHostPath },
  ...(networkDiskRules([
    'gcePersistentDisk',
    'awsElasticBlockStore',
    'glusterfs',
    'flocker',
  ]) as SourceRule[]),
  { field: 'nfs', validate: validateNfs },
  ...(networkDiskRules([
    'rbd',
    'quobyte',
    'cephfs',
    'iscsi',
    'cinder',
    'fc',
    'flexVolume',
    'azureFile',
    'vsphereVolume',
    'photonPersistentDisk',
    'portworxVolume',
    'azureDisk',
    'scaleIO',
  ]) as SourceRule[]),
  { field: 'local', validate: validateLocal },
  ...(networkDiskRules(['storageos']) as SourceRule[]),
  { field: 'csi', validate: validateCsi },
]

export const sourceFields = rules.map(({ field }) => field)

/** Exactly one source, each by its own rules. */
export function validateSources(spec: PersistentVolumeSpec, path: FieldPath): FieldError[] {
  const stated = rules.filter(({ field }) => spec[field] !== undefined)
  if (stated.length === 0) return [fieldRequired(path, 'must specify a volume type')]
  const errors = stated.flatMap((rule, i) => {
    if (i > 0 && rule.field !== 'flexVolume')
      return [fieldForbidden(path.child(rule.field), 'may not specify more than 1 volume type')]
    const own = rule.validate(spec[rule.field] as never, path.child(rule.pathName ?? rule.field))
    if (rule.field !== 'local' || spec.nodeAffinity) return own
    return [
      ...own,
      fieldRequired(path.child('nodeAffinity'), 'Local volume requires node affinity'),
    ]
  })
  if (!isRoot(spec.hostPath?.path) || spec.persistentVolumeReclaimPolicy !== 'Recycle')
    return errors
  const text = "may not be 'recycle' for a hostPath mount of '/'"
  return [...errors, fieldForbidden(path.child('persistentVolumeReclaimPolicy'), text)]
}

/** However it is written: `/`, `//`, `/a/..`. */
function isRoot(text: string | undefined): boolean {
  return (
    text?.startsWith('/') === true && new URL(`file://${text}`).pathname.replaceAll('/', '') === ''
  )
}

function validateLocal(source: LocalVolumeSource, path: FieldPath): FieldError[] {
  const at = path.child('path')
  return source.path === '' ? [fieldRequired(at)] : validateNoBacksteps(at, source.path)
}

function validateCsi(source: CSIPersistentVolumeSource, path: FieldPath): FieldError[] {
  return [
    ...validateDriverName(source.driver, path.child('driver')),
    ...requiredIfEmpty(path.child('volumeHandle'), source.volumeHandle),
    ...(
      [
        'controllerPublishSecretRef',
        'controllerExpandSecretRef',
        'nodePublishSecretRef',
        'nodeExpandSecretRef',
      ] as const
    ).flatMap((field) => validateSecretReference(source[field], path.child(field))),
  ]
}

function validateSecretReference(
  reference: SecretReference | undefined,
  path: FieldPath,
): FieldError[] {
  if (!reference) return []
  const { name, namespace } = reference
  return [
    ...requiredIfEmpty(path.child('name'), name),
    ...checkedIfSet(path.child('name'), name, checkDns1123Subdomain),
    ...requiredIfEmpty(path.child('namespace'), namespace),
    ...checkedIfSet(path.child('namespace'), namespace, checkDns1123Label),
  ]
}
