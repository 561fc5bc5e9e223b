import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../generated/types.ts'
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
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkQualifiedName } from '../../../validation/name-rules.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { immutableMessage } from '../../../validation/value-rules.ts'
import { isNativeResource } from '../../resource-rules/names.ts'
import { validateCapacity } from '../../resource-rules/values.ts'
import { checked } from '../../rules/checked.ts'
import { specDifference } from '../../rules/spec-difference.ts'
import { validateClaimSpec } from './claim-spec.ts'
import { normalizeDataSources } from './data-source.ts'
import { betaClassAnnotation } from './storage-class-name.ts'

const path = fieldPath('spec')

export function validateClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  return validateClaimSpec(spec, path)
}

export function validateClaimUpdate(
  object: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  return [
    ...validateClaim(object),
    ...validateClassAnnotation(object, old),
    ...validateSpecUpdate(object, old),
    ...validateShrink(object, old),
    ...validateImmutable(object.spec.volumeMode, old.spec.volumeMode, fieldPath('volumeMode')),
    ...validateAttributesUpdate(object, old),
  ]
}

/** A claim may move its class from the annotation to the field. */
function movesClassToField(object: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const [now, before] = [object, old].map((o) => o.metadata.annotations?.[betaClassAnnotation])
  const isSame = now === undefined || now === before
  const name = object.spec.storageClassName
  return (
    before !== undefined && old.spec.storageClassName === undefined && name === before && isSame
  )
}

function validateClassAnnotation(
  object: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const now = object.metadata.annotations?.[betaClassAnnotation] ?? ''
  const before = old.metadata.annotations?.[betaClassAnnotation] ?? ''
  if (now === before || movesClassToField(object, old)) return []
  const at = fieldPath('metadata').child('annotations', betaClassAnnotation)
  return [fieldInvalid(at, now, immutableMessage)]
}

/** What may change: the volume, once; the class, once; size and attributes of what is bound. */
function validateSpecUpdate(
  object: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const [now, before] = [structuredClone(object.spec), structuredClone(old.spec)]
  normalizeDataSources(before, before)
  if (!before.volumeName) copy(now, before, 'volumeName')
  if (movesClassToField(object, old)) delete now.storageClassName
  else if (setsClass(object, old)) copy(before, now, 'storageClassName')
  if (object.status.phase === 'Bound') {
    const size = before.resources?.requests?.['storage']
    if (now.resources?.requests && size !== undefined) now.resources.requests['storage'] = size
    copy(before, now, 'volumeAttributesClassName')
  }
  if (deepEqual(comparable(now), comparable(before))) return []
  const text =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
  return [fieldForbidden(path, `${text}\n${specDifference(before, now)}`)]
}

type Field = 'volumeName' | 'storageClassName' | 'volumeAttributesClassName'

function copy(from: PersistentVolumeClaimSpec, to: PersistentVolumeClaimSpec, field: Field): void {
  const value = from[field]
  if (value === undefined) delete to[field]
  else to[field] = value
}

/** Upstream compares amounts, not how they are written, and takes an empty list for none. */
function comparable(spec: PersistentVolumeClaimSpec): unknown {
  const amounts = (list: Record<string, string> = {}): unknown =>
    Object.fromEntries(
      Object.entries(list).map(([name, amount]) => [name, String(Quantity.parse(amount).nanos)]),
    )
  return {
    ...spec,
    accessModes: spec.accessModes ?? [],
    volumeName: spec.volumeName ?? '',
    resources: {
      requests: amounts(spec.resources?.requests),
      limits: amounts(spec.resources?.limits),
    },
  }
}

function setsClass(object: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const name = object.spec.storageClassName
  const annotation = old.metadata.annotations?.[betaClassAnnotation]
  return (
    name !== undefined &&
    old.spec.storageClassName === undefined &&
    (annotation === undefined || annotation === name)
  )
}

/** A claim whose growth failed may ask for less again, but for more than it has. */
function validateShrink(object: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const nanos = (amount: string | undefined): bigint => Quantity.parse(amount ?? '0').nanos
  const [now, before] = [object, old].map(({ spec }) =>
    nanos(spec.resources?.requests?.['storage']),
  ) as [bigint, bigint]
  if (now >= before || now > nanos(old.status.capacity?.['storage'])) return []
  const text = 'field can not be less than status.capacity'
  return [fieldForbidden(path.child('resources', 'requests', 'storage'), text)]
}

function validateAttributesUpdate(
  { spec }: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const name = spec.volumeAttributesClassName
  const at = path.child('volumeAttributesClassName')
  if (name === old.spec.volumeAttributesClassName) return []
  if (old.status.currentVolumeAttributesClassName === undefined || name) return []
  const to = name === undefined ? 'nil' : 'empty string'
  const text = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`
  return [fieldForbidden(at, text)]
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].toSorted()

export function validateClaimStatus({ spec, status }: PersistentVolumeClaim): FieldError[] {
  const at = fieldPath('status')
  const errors: FieldError[] = []
  if ((spec.accessModes ?? []).length === 0)
    errors.push(fieldRequired(fieldPath('Spec', 'accessModes')))
  for (const [name, amount] of Object.entries(status.capacity ?? {}))
    errors.push(...validateCapacity(amount, at.child('capacity').key(name)))
  const statesPath = at.child('allocatedResourceStatuses')
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    errors.push(...validateResourceKey(name, statesPath))
    if (!resizeStates.includes(state))
      errors.push(fieldNotSupported(statesPath, name, resizeStates))
  }
  const amountsPath = at.child('allocatedResources')
  for (const [name, amount] of Object.entries(status.allocatedResources ?? {})) {
    const own = validateResourceKey(name, amountsPath)
    errors.push(...(own.length > 0 ? own : validateCapacity(amount, amountsPath.key(name))))
  }
  return errors
}

function validateResourceKey(name: string, at: FieldPath): FieldError[] {
  const errors = checked(at, name, checkQualifiedName)
  if (errors.length > 0 || !isNativeResource(name) || name === 'storage') return errors
  return [fieldNotSupported(at, name, ['storage'])]
}
