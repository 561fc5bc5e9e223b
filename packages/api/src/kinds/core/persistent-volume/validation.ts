import type { PersistentVolume, PersistentVolumeSpec } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import { Quantity } from '../../../quantity.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Subdomain } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { immutableMessage } from '../../../validation/value-rules.ts'
import { validateNodeSelector } from '../../pod-spec/affinity-validation.ts'
import { validateCapacity } from '../../resource-rules/values.ts'
import { checked, checkedIfSet, oneOfIfSet } from '../../rules/checked.ts'
import { specDifference } from '../../rules/spec-difference.ts'
import { validateAccessModes, volumeModes } from '../persistent-volume-claim/claim-spec.ts'
import { shownAffinity, withNewLabels } from './node-affinity.ts'
import { sourceFields, validateSources } from './sources.ts'

const path = fieldPath('spec')

/** Where mount options stood before v1.31. */
export const mountOptionsAnnotation = 'volume.beta.kubernetes.io/mount-options'

export function validateVolume({ metadata, spec }: PersistentVolume): FieldError[] {
  const at = path.child('accessModes')
  const modes = spec.accessModes ?? []
  return [
    ...(modes.length === 0 ? [fieldRequired(at)] : []),
    ...validateAccessModes(modes, at),
    ...validateSize(spec.capacity ?? {}),
    ...oneOfIfSet(
      path.child('persistentVolumeReclaimPolicy'),
      spec.persistentVolumeReclaimPolicy || undefined,
      ['Delete', 'Recycle', 'Retain'],
    ),
    ...validateAffinity(spec),
    ...validateSources(spec, path),
    ...checkedIfSet(path.child('storageClassName'), spec.storageClassName, checkDns1123Subdomain),
    ...oneOfIfSet(path.child('volumeMode'), spec.volumeMode, volumeModes),
    ...validateAttributesClass(spec),
    ...validateMountOptions(metadata, spec),
  ]
}

function validateSize(capacity: Readonly<Record<string, string>>): FieldError[] {
  const at = path.child('capacity')
  const names = Object.keys(capacity)
  const errors = names.length === 0 ? [fieldRequired(at)] : []
  if (capacity['storage'] === undefined || names.length > 1)
    errors.push(fieldNotSupported(at, shownAmounts(capacity), ['storage']))
  for (const [name, amount] of Object.entries(capacity)) {
    errors.push(...validateCapacity(amount, at.key(name)))
    if (Quantity.parse(amount).nanos <= 0n)
      errors.push(fieldInvalid(at.key(name), amount, 'must be greater than zero'))
  }
  return errors
}

function shownAmounts(capacity: Readonly<Record<string, string>>): unknown {
  return Object.keys(capacity).length === 0 ? null : capacity
}

function validateAffinity({ nodeAffinity }: PersistentVolumeSpec): FieldError[] {
  if (!nodeAffinity) return []
  const at = path.child('nodeAffinity', 'required')
  return nodeAffinity.required
    ? validateNodeSelector(nodeAffinity.required, at)
    : [fieldRequired(at, 'must specify required node constraints')]
}

function validateAttributesClass(spec: PersistentVolumeSpec): FieldError[] {
  const name = spec.volumeAttributesClassName
  if (name === undefined) return []
  const at = path.child('volumeAttributesClassName')
  const errors =
    name === ''
      ? [fieldRequired(at, 'an empty string is disallowed')]
      : checked(at, name, checkDns1123Subdomain)
  if (spec.csi) return errors
  const text = 'has to be specified when using volumeAttributesClassName'
  return [...errors, fieldRequired(path.child('csi'), text)]
}

const withMountOptions = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
] as const

function validateMountOptions(
  { annotations }: PersistentVolume['metadata'],
  spec: PersistentVolumeSpec,
): FieldError[] {
  if (annotations?.[mountOptionsAnnotation] === undefined) return []
  if (withMountOptions.some((field) => spec[field] !== undefined)) return []
  const at = fieldPath('metadata', 'annotations', mountOptionsAnnotation)
  return [fieldForbidden(at, 'may not specify mount options for this volume type')]
}

export function validateVolumeUpdate(
  object: PersistentVolume,
  old: PersistentVolume,
): FieldError[] {
  const [now, before] = [object.spec, old.spec]
  const errors = [...validateVolume(object), ...validateSourceUpdate(now, before)]
  errors.push(...validateImmutable(now.volumeMode, before.volumeMode, fieldPath('volumeMode')))
  const kept = withNewLabels(before.nodeAffinity, now.nodeAffinity)
  if (before.nodeAffinity && !deepEqual(kept, now.nodeAffinity)) {
    const text = `${immutableMessage}, except for updating from beta label to GA`
    const shown = shownAffinity(now.nodeAffinity)
    errors.push(fieldInvalid(fieldPath('nodeAffinity'), shown, text))
  }
  if (before.volumeAttributesClassName === undefined || now.volumeAttributesClassName !== undefined)
    return errors
  const at = path.child('volumeAttributesClassName')
  return [...errors, fieldForbidden(at, 'update from non-nil value to nil is forbidden')]
}

/** Only the secret for growing may be added to what serves the volume. */
function validateSourceUpdate(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): FieldError[] {
  const now = sourceOf(spec)
  if (now.csi && old.csi && !old.csi.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _added, ...csi } = now.csi
    now.csi = csi
  }
  if (deepEqual(now, sourceOf(old))) return []
  const text = 'spec.persistentvolumesource is immutable after creation'
  const difference = specDifference(sourceOf(old), now)
  return [fieldForbidden(path.child('persistentvolumesource'), `${text}\n${difference}`)]
}

function sourceOf(spec: PersistentVolumeSpec): PersistentVolumeSpec {
  return Object.fromEntries(
    Object.entries(spec).filter(([field]) => (sourceFields as readonly string[]).includes(field)),
  )
}
