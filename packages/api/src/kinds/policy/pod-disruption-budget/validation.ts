import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { validateConditions } from '../../../validation/conditions.ts'
import { fieldInvalid } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateLabelSelector } from '../../../validation/labels.ts'
import {
  validateAtMostAll,
  validateCounts,
  validateIntOrPercent,
} from '../../apps/workload-validation.ts'
import { oneOfIfSet } from '../../rules/checked.ts'

const path = fieldPath('spec')

export function validateBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec
  const errors: FieldError[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const text = 'minAvailable and maxUnavailable cannot be both set'
    errors.push(fieldInvalid(path, shown(spec), text))
  }
  for (const [name, amount] of Object.entries({ minAvailable, maxUnavailable })) {
    const at = path.child(name)
    errors.push(...validateIntOrPercent(amount, at), ...validateAtMostAll(amount, at))
  }
  return [
    ...errors,
    ...validateLabelSelector(selector, path.child('selector')),
    ...oneOfIfSet(path.child('unhealthyPodEvictionPolicy'), policy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]),
  ]
}

/** Messages show the server's own type. */
function shown(spec: PodDisruptionBudgetSpec): unknown {
  return {
    MinAvailable: spec.minAvailable ?? null,
    Selector: spec.selector ?? null,
    MaxUnavailable: spec.maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  }
}

const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods']

export function validateBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  const at = fieldPath('status')
  return [
    ...validateConditions(status.conditions ?? [], at.child('conditions')),
    ...validateCounts(status, counts, at),
  ]
}
