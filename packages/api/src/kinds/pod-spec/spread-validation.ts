import type { TopologySpreadConstraint } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { validateLabelSelector } from '../../validation/labels.ts'
import { oneOfIfSet, positive } from '../rules/checked.ts'
import { validateLabelKeys } from './label-keys-validation.ts'

const actions = ['DoNotSchedule', 'ScheduleAnyway']
const policies = ['Honor', 'Ignore']

export function validateSpreadConstraints(
  constraints: readonly TopologySpreadConstraint[],
  path: FieldPath,
): FieldError[] {
  return constraints.flatMap((constraint, i) => {
    const at = path.index(i)
    const { topologyKey, whenUnsatisfiable } = constraint
    const errors = positive(at.child('maxSkew'), constraint.maxSkew)
    if (topologyKey === '') errors.push(fieldRequired(at.child('topologyKey'), 'can not be empty'))
    if (!actions.includes(whenUnsatisfiable))
      errors.push(fieldNotSupported(at.child('whenUnsatisfiable'), whenUnsatisfiable, actions))
    const again = constraints
      .slice(i + 1)
      .some((c) => c.topologyKey === topologyKey && c.whenUnsatisfiable === whenUnsatisfiable)
    if (again) {
      const shown = `{${topologyKey}, ${whenUnsatisfiable}}`
      errors.push(fieldDuplicate(at.child('{topologyKey, whenUnsatisfiable}'), shown))
    }
    return [...errors, ...validateDetails(constraint, at)]
  })
}

function validateDetails(constraint: TopologySpreadConstraint, path: FieldPath): FieldError[] {
  const { minDomains, whenUnsatisfiable } = constraint
  const errors: FieldError[] = []
  if (minDomains !== undefined) {
    const at = path.child('minDomains')
    errors.push(...positive(at, minDomains))
    if (whenUnsatisfiable !== 'DoNotSchedule') {
      const text = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
      errors.push(fieldInvalid(at, minDomains, text))
    }
  }
  return [
    ...errors,
    ...oneOfIfSet(path.child('nodeAffinityPolicy'), constraint.nodeAffinityPolicy, policies),
    ...oneOfIfSet(path.child('nodeTaintsPolicy'), constraint.nodeTaintsPolicy, policies),
    ...validateLabelKeys(constraint, path),
    ...validateLabelSelector(constraint.labelSelector, path.child('labelSelector')),
  ]
}
