import type { StorageClass, TopologySelectorTerm } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldDuplicate, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateLabelKey } from '../../../validation/labels.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { oneOfIfSet } from '../../rules/checked.ts'
import { validateParameters, validateProvisioner } from '../parameters.ts'

export function validateStorageClass(object: StorageClass): FieldError[] {
  return [
    ...validateProvisioner(object.provisioner, 'provisioner'),
    ...validateParameters(object.parameters ?? {}),
    ...oneOfIfSet(fieldPath('reclaimPolicy'), object.reclaimPolicy || undefined, [
      'Delete',
      'Retain',
    ]),
    ...oneOfIfSet(fieldPath('volumeBindingMode'), object.volumeBindingMode, [
      'Immediate',
      'WaitForFirstConsumer',
    ]),
    ...validateTopologies(object.allowedTopologies ?? []),
  ]
}

type Values = ReadonlyMap<string, ReadonlySet<string>>

function validateTopologies(terms: readonly TopologySelectorTerm[]): FieldError[] {
  const path = fieldPath('allowedTopologies')
  // Upstream begins with empty terms in its list, so a term without requirements counts as repeated.
  const seen: Values[] = [new Map()]
  return terms.flatMap((term, i) => {
    const at = path.index(i).child('matchLabelExpressions')
    const values = new Map<string, ReadonlySet<string>>()
    const errors = (term.matchLabelExpressions ?? []).flatMap((requirement, j) => {
      const own = validateRequirement(requirement, at.index(j))
      const { key } = requirement
      if (values.has(key)) own.push(fieldDuplicate(at.index(j).child('key'), key))
      values.set(key, new Set(requirement.values))
      return own
    })
    for (const other of seen) if (isSame(values, other)) errors.push(fieldDuplicate(at, ''))
    seen.push(values)
    return errors
  })
}

function validateRequirement(
  { key, values }: { key: string; values: string[] },
  path: FieldPath,
): FieldError[] {
  const at = path.child('values')
  if (values.length === 0) return [fieldRequired(at), ...validateLabelKey(key, path.child('key'))]
  const repeated = values.flatMap((value, i) =>
    values.indexOf(value) < i ? [fieldDuplicate(at.index(i), value)] : [],
  )
  return [...repeated, ...validateLabelKey(key, path.child('key'))]
}

function isSame(a: Values, b: Values): boolean {
  const plain = (values: Values): unknown =>
    [...values]
      .map(([key, set]) => [key, [...set].toSorted()] as const)
      .toSorted(([x], [y]) => (x < y ? -1 : 1))
  return deepEqual(plain(a), plain(b))
}

export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  const fixed = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const
  return [
    ...validateStorageClass(object),
    ...fixed.flatMap((field) => validateImmutable(object[field], old[field], fieldPath(field))),
  ]
}
