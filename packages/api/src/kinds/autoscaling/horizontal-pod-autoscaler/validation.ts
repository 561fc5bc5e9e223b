import type {
  HPAScalingPolicyV2,
  HPAScalingRulesV2,
  HorizontalPodAutoscalerV2,
} from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateNonNegativeQuantity } from '../../resource-rules/values.ts'
import { validateMetrics } from './metric-validation.ts'
import { validateReference } from './reference-validation.ts'

const windowSecondsMax = 3600
const periodSecondsMax = 1800

/** autoscaling validation.ValidateHorizontalPodAutoscaler */
export function validateAutoscaler({ spec }: HorizontalPodAutoscalerV2): FieldError[] {
  const path = fieldPath('spec')
  return [
    ...validateReplicas(spec, path),
    ...validateReference(spec.scaleTargetRef, path.child('scaleTargetRef'), true),
    ...validateMetrics(spec.metrics ?? [], path.child('metrics')),
    ...validateZero(spec, path.child('metrics')),
    ...validateRules(spec.behavior?.scaleUp, path.child('behavior', 'scaleUp')),
    ...validateRules(spec.behavior?.scaleDown, path.child('behavior', 'scaleDown')),
  ]
}

function validateReplicas(
  { minReplicas, maxReplicas }: HorizontalPodAutoscalerV2['spec'],
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const most = path.child('maxReplicas')
  // The gate HPAScaleToZero is off.
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(fieldInvalid(path.child('minReplicas'), minReplicas, atLeastOne))
  if (maxReplicas === 0) errors.push(fieldRequired(most, 'must be set and greater than 0'))
  else if (maxReplicas < 0) errors.push(fieldInvalid(most, maxReplicas, atLeastOne))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(fieldInvalid(most, maxReplicas, 'must be greater than or equal to `minReplicas`'))
  return errors
}

/** Nothing that pods are measured by brings them back from zero. */
function validateZero(
  { minReplicas, metrics = [] }: HorizontalPodAutoscalerV2['spec'],
  path: FieldPath,
): FieldError[] {
  if (minReplicas !== 0 || metrics.some(({ type }) => type === 'Object' || type === 'External'))
    return []
  const why =
    'must specify at least one Object or External metric to support scaling to zero replicas'
  return [fieldForbidden(path, why)]
}

const atLeastOne = 'must be greater than or equal to 1'

function validateRules(rules: HPAScalingRulesV2 | undefined, path: FieldPath): FieldError[] {
  if (!rules) return []
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules
  const errors: FieldError[] = []
  const windowPath = path.child('stabilizationWindowSeconds')
  if (window !== undefined && window < 0)
    errors.push(fieldInvalid(windowPath, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > windowSecondsMax)
    errors.push(
      fieldInvalid(windowPath, window, `must be less than or equal to ${windowSecondsMax}`),
    )
  const selections = ['Disabled', 'Max', 'Min']
  if (selectPolicy !== undefined && !selections.includes(selectPolicy))
    errors.push(fieldNotSupported(path.child('selectPolicy'), selectPolicy, selections))
  if (policies.length === 0)
    errors.push(fieldRequired(path.child('policies'), 'must specify at least one Policy'))
  errors.push(
    ...policies.flatMap((policy, i) => validatePolicy(policy, path.child('policies').index(i))),
  )
  if (tolerance !== undefined)
    errors.push(...validateNonNegativeQuantity(tolerance, path.child('tolerance')))
  return errors
}

function validatePolicy(
  { type, value, periodSeconds }: HPAScalingPolicyV2,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const types = ['Percent', 'Pods']
  if (!types.includes(type)) errors.push(fieldNotSupported(path.child('type'), type, types))
  if (value <= 0) errors.push(fieldInvalid(path.child('value'), value, 'must be greater than zero'))
  if (periodSeconds <= 0)
    errors.push(
      fieldInvalid(path.child('periodSeconds'), periodSeconds, 'must be greater than zero'),
    )
  if (periodSeconds > periodSecondsMax) {
    const why = `must be less than or equal to ${periodSecondsMax}`
    errors.push(fieldInvalid(path.child('periodSeconds'), periodSeconds, why))
  }
  return errors
}
