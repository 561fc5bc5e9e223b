import type { PersistentVolumeClaimSpec } from '../../../generated/types.ts'
import { Quantity } from '../../../quantity.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateLabelSelector } from '../../../validation/labels.ts'
import { checkDns1123Label, checkDns1123Subdomain } from '../../../validation/name-rules.ts'
import { checkedIfSet, oneOfIfSet, requiredIfEmpty } from '../../rules/checked.ts'

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
export const volumeModes = ['Block', 'Filesystem']

/** Of a claim and of a claim's template (ValidatePersistentVolumeClaimSpec). */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: FieldPath): FieldError[] {
  return [
    ...requireAccessMode(spec, path.child('accessModes')),
    ...(spec.selector ? validateLabelSelector(spec.selector, path.child('selector')) : []),
    ...validateAccessModes(spec.accessModes ?? [], path.child('accessModes')),
    ...validateSize(spec, path.child('resources').key('storage')),
    ...checkedIfSet(path.child('storageClassName'), spec.storageClassName, checkDns1123Subdomain),
    ...oneOfIfSet(path.child('volumeMode'), spec.volumeMode, volumeModes),
    ...validateDataSources(spec, path),
    ...checkedIfSet(
      path.child('volumeAttributesClassName'),
      spec.volumeAttributesClassName,
      checkDns1123Subdomain,
    ),
  ]
}

function requireAccessMode({ accessModes }: PersistentVolumeClaimSpec, path: FieldPath) {
  if ((accessModes ?? []).length > 0) return []
  return [fieldRequired(path, 'at least 1 access mode is required')]
}

export function validateAccessModes(modes: readonly string[], path: FieldPath): FieldError[] {
  const errors = modes
    .filter((mode) => !accessModes.includes(mode))
    .map((mode) => fieldNotSupported(path, mode, accessModes))
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode))
  if (modes.includes('ReadWriteOncePod') && others)
    errors.push(fieldForbidden(path, 'may not use ReadWriteOncePod with other access modes'))
  return errors
}

function validateSize({ resources }: PersistentVolumeClaimSpec, path: FieldPath): FieldError[] {
  const size = resources?.requests?.['storage']
  if (size === undefined) return [fieldRequired(path)]
  return Quantity.parse(size).nanos > 0n
    ? []
    : [fieldInvalid(path, size, 'must be greater than zero')]
}

function validateDataSources(spec: PersistentVolumeClaimSpec, path: FieldPath): FieldError[] {
  const { dataSource, dataSourceRef } = spec
  const errors: FieldError[] = []
  for (const name of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[name]
    if (source) errors.push(...validateDataSource(source, path.child(name)))
  }
  if (!dataSource || !dataSourceRef) return errors
  // Messages show upstream's path object, which has nothing to show.
  const shown = {}
  if (dataSourceRef.namespace) {
    const text = 'may not be specified when dataSourceRef.namespace is specified'
    return [...errors, fieldInvalid(path, shown, text)]
  }
  const same = (['apiGroup', 'kind', 'name'] as const).every(
    (field) => dataSource[field] === dataSourceRef[field],
  )
  return same ? errors : [...errors, fieldInvalid(path, shown, 'must match dataSourceRef')]
}

function validateDataSource(
  source: { apiGroup?: string; kind: string; name: string; namespace?: string },
  path: FieldPath,
): FieldError[] {
  const errors = [
    ...requiredIfEmpty(path.child('name'), source.name),
    ...requiredIfEmpty(path.child('kind'), source.kind),
  ]
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
    const text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
    errors.push(fieldInvalid(path, source.kind, text))
  }
  return [
    ...errors,
    ...checkedIfSet(path.child('apiGroup'), source.apiGroup, checkDns1123Subdomain),
    ...checkedIfSet(path.child('namespace'), source.namespace, checkDns1123Label),
  ]
}
