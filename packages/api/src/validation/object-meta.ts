import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../generated/types.ts'
import { goQuote } from '../go-text.ts'
import { deepEqual } from '../object.ts'
import { parseApiVersion } from '../resource-type.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong } from './field-error.ts'
import type { FieldError } from './field-error.ts'
import { fieldPath } from './field-path.ts'
import type { FieldPath } from './field-path.ts'
import { validateLabels } from './labels.ts'
import { byteLength, checkQualifiedName, nameIsDnsLabel } from './name-rules.ts'
import type { NameRule } from './name-rules.ts'
import { validateFieldManager } from './request-options.ts'
import { immutableMessage, validateNonNegative } from './value-rules.ts'

/** All annotations of an object together, keys and values: 256 KiB. */
const totalAnnotationSizeMaxBytes = 256 * 1024

export interface ObjectMetaRules {
  readonly namespaced: boolean
  readonly name: NameRule
}

/** The rules of a new object's metadata, or of metadata inside another object, such as a pod template's. */
export function validateObjectMeta(
  meta: Partial<ObjectMeta>,
  rules: ObjectMetaRules,
  path: FieldPath = fieldPath('metadata'),
): FieldError[] {
  return [
    ...validateName(meta, rules.name, path),
    ...validateNamespace(meta.namespace, rules.namespaced, path.child('namespace')),
    ...validateNonNegative(path.child('generation'), meta.generation ?? 0),
    ...validateLabels(meta.labels, path.child('labels')),
    ...validateAnnotations(meta.annotations, path.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences, path.child('ownerReferences')),
    ...validateFinalizers(meta.finalizers, path.child('finalizers')),
    ...validateManagedFields(meta.managedFields, path.child('managedFields')),
    ...validateStandardFinalizers(meta.finalizers, path.child('finalizers')),
  ]
}

function validateName(meta: Partial<ObjectMeta>, rule: NameRule, path: FieldPath): FieldError[] {
  const { name = '', generateName = '' } = meta
  const ofPrefix = (generateName === '' ? [] : rule(generateName, true)).map((text) =>
    fieldInvalid(path.child('generateName'), generateName, text),
  )
  if (name === '')
    return [...ofPrefix, fieldRequired(path.child('name'), 'name or generateName is required')]
  const ofName = rule(name, false).map((text) => fieldInvalid(path.child('name'), name, text))
  return [...ofPrefix, ...ofName]
}

function validateNamespace(
  namespace: string | undefined,
  namespaced: boolean,
  path: FieldPath,
): FieldError[] {
  if (!namespaced) return namespace ? [fieldForbidden(path, 'not allowed on this type')] : []
  if (!namespace) return [fieldRequired(path)]
  return nameIsDnsLabel(namespace, false).map((text) => fieldInvalid(path, namespace, text))
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  const entries = Object.entries(annotations ?? {})
  const errors = entries.flatMap(([key]) =>
    checkQualifiedName(key.toLowerCase()).map((text) => fieldInvalid(path, key, text)),
  )
  const size = entries.reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0)
  return size > totalAnnotationSizeMaxBytes
    ? [...errors, fieldTooLong(path, totalAnnotationSizeMaxBytes)]
    : errors
}

function validateOwnerReferences(
  owners: readonly OwnerReference[] = [],
  path: FieldPath,
): FieldError[] {
  let first: string | undefined
  return owners.flatMap((owner) => {
    const errors = validateOwnerReference(owner, path)
    if (!owner.controller) return errors
    const name = `${owner.kind}/${owner.name}`
    if (first === undefined) {
      first = name
      return errors
    }
    const text = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${name}`
    return [...errors, fieldInvalid(path, owners, text)]
  })
}

function validateOwnerReference(owner: OwnerReference, path: FieldPath): FieldError[] {
  const { group, version } = parseApiVersion(owner.apiVersion)
  const errors: FieldError[] = []
  const check = (name: 'apiVersion' | 'kind' | 'name' | 'uid', empty: boolean, text: string) => {
    if (empty) errors.push(fieldInvalid(path.child(name), owner[name], text))
  }
  check('apiVersion', version === '', 'version must not be empty')
  check('kind', owner.kind === '', 'must not be empty')
  check('name', owner.name === '', 'must not be empty')
  check('uid', owner.uid === '', 'must not be empty')
  if (group === '' && version === 'v1' && owner.kind === 'Event')
    errors.push(fieldInvalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'))
  return errors
}

function validateFinalizers(finalizers: readonly string[] = [], path: FieldPath): FieldError[] {
  const errors = finalizers.flatMap((name) =>
    checkQualifiedName(name).map((text) => fieldInvalid(path, name, text)),
  )
  if (!finalizers.includes('orphan') || !finalizers.includes('foregroundDeletion')) return errors
  const text = 'finalizer orphan and foregroundDeletion cannot be both set'
  return [...errors, fieldInvalid(path, finalizers, text)]
}

/** core/helper standardFinalizers */
const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion']

/** Finalizers without a domain are the garbage collector's and the namespaces' own. */
function validateStandardFinalizers(
  finalizers: readonly string[] = [],
  path: FieldPath,
): FieldError[] {
  return finalizers.flatMap((name, i) => validateStandardFinalizer(name, path.index(i)))
}

export function validateStandardFinalizer(name: string, path: FieldPath): FieldError[] {
  if (name.includes('/') || standardFinalizers.includes(name)) return []
  const text = 'name is neither a standard finalizer name nor is it fully qualified'
  return [fieldInvalid(path, name, text)]
}

function validateManagedFields(
  entries: readonly ManagedFieldsEntry[] = [],
  path: FieldPath,
): FieldError[] {
  return entries.flatMap((entry, i) => validateManagedFieldsEntry(entry, path.index(i)))
}

function validateManagedFieldsEntry(entry: ManagedFieldsEntry, path: FieldPath): FieldError[] {
  const { operation = '', fieldsType = '', manager = '', subresource = '' } = entry
  const errors: FieldError[] = []
  if (operation !== 'Apply' && operation !== 'Update')
    errors.push(fieldInvalid(path.child('operation'), operation, 'must be `Apply` or `Update`'))
  if (fieldsType !== '' && fieldsType !== 'FieldsV1')
    errors.push(fieldInvalid(path.child('fieldsType'), fieldsType, 'must be `FieldsV1`'))
  errors.push(...validateFieldManager(manager, path.child('manager')))
  if (byteLength(subresource) > 256) errors.push(fieldTooLong(path.child('subresource'), 256))
  return errors
}

/** The rules of a change of metadata; `old` is what is stored. */
export function validateObjectMetaUpdate(
  meta: Partial<ObjectMeta>,
  old: Partial<ObjectMeta>,
  path: FieldPath = fieldPath('metadata'),
): FieldError[] {
  return [
    ...(old.deletionTimestamp ? validateNoNewFinalizers(meta, old, path.child('finalizers')) : []),
    ...validateVersions(meta, old, path),
    ...(
      [
        'name',
        'namespace',
        'uid',
        'creationTimestamp',
        'deletionTimestamp',
        'deletionGracePeriodSeconds',
      ] as const
    ).flatMap((field) => validateImmutable(meta[field], old[field], path.child(field))),
    ...validateLabels(meta.labels, path.child('labels')),
    ...validateAnnotations(meta.annotations, path.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences, path.child('ownerReferences')),
    ...validateManagedFields(meta.managedFields, path.child('managedFields')),
  ]
}

function validateNoNewFinalizers(
  meta: Partial<ObjectMeta>,
  old: Partial<ObjectMeta>,
  path: FieldPath,
): FieldError[] {
  const extra = (meta.finalizers ?? []).filter((name) => !old.finalizers?.includes(name))
  if (extra.length === 0) return []
  const list = [...new Set(extra)].sort().map(goQuote).join(', ')
  const text = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
  return [fieldForbidden(path, text)]
}

function validateVersions(
  meta: Partial<ObjectMeta>,
  old: Partial<ObjectMeta>,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (!meta.resourceVersion)
    errors.push(fieldInvalid(path.child('resourceVersion'), '', 'must be specified for an update'))
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    errors.push(
      fieldInvalid(path.child('generation'), meta.generation ?? 0, 'must not be decremented'),
    )
  return errors
}

/** Absent, null and empty values count as equal, as they do for upstream's semantic equality. */
export function validateImmutable(value: unknown, old: unknown, path: FieldPath): FieldError[] {
  if (deepEqual(presence(value), presence(old))) return []
  return [fieldInvalid(path, value ?? emptyLike(old), immutableMessage)]
}

function presence(value: unknown): unknown {
  if (value === null || value === '') return undefined
  if (typeof value === 'object' && Object.keys(value).length === 0) return undefined
  return value
}

/** What Go shows for a value that is not there. */
function emptyLike(old: unknown): unknown {
  return typeof old === 'string' ? '' : null
}
