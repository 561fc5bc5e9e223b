import type { Deployment, DeploymentSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateSelector } from '../../pod-spec/template-validation.ts'
import { nonNegative } from '../../rules/checked.ts'
import {
  validateAtMostAll,
  validateCollisionCount,
  validateCounts,
  validateIntOrPercent,
  validateReplicaParts,
  validateSelectedTemplate,
  valueOf,
} from '../workload-validation.ts'

const path = fieldPath('spec')

export function validateDeployment({ spec }: Deployment): FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  const errors = [
    ...nonNegative(path, spec, ['replicas']),
    ...validateSelector(spec.selector, 'deployment', path.child('selector')),
    ...validateSelectedTemplate(spec, path),
    ...validateStrategy(spec),
    ...nonNegative(path, spec, [
      'minReadySeconds',
      'revisionHistoryLimit',
      'progressDeadlineSeconds',
    ]),
  ]
  if (deadline === undefined || deadline > minReadySeconds) return errors
  const text = 'must be greater than minReadySeconds'
  return [...errors, fieldInvalid(path.child('progressDeadlineSeconds'), deadline, text)]
}

function validateStrategy({ strategy = {} }: DeploymentSpec): FieldError[] {
  const at = path.child('strategy')
  const { type, rollingUpdate } = strategy
  switch (type) {
    case 'Recreate': {
      const text = "may not be specified when strategy `type` is 'Recreate'"
      return rollingUpdate ? [fieldForbidden(at.child('rollingUpdate'), text)] : []
    }
    case 'RollingUpdate':
      return validateRollingUpdate(rollingUpdate ?? {})
    default: {
      const shown = {
        Type: type ?? '',
        RollingUpdate: rollingUpdate
          ? {
              MaxUnavailable: rollingUpdate.maxUnavailable ?? 0,
              MaxSurge: rollingUpdate.maxSurge ?? 0,
            }
          : null,
      }
      return [fieldNotSupported(at, shown, ['Recreate', 'RollingUpdate'])]
    }
  }
}

function validateRollingUpdate({
  maxUnavailable,
  maxSurge,
}: NonNullable<NonNullable<DeploymentSpec['strategy']>['rollingUpdate']>): FieldError[] {
  const at = path.child('strategy', 'rollingUpdate')
  const unavailablePath = at.child('maxUnavailable')
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailablePath),
    ...validateIntOrPercent(maxSurge, at.child('maxSurge')),
  ]
  if (valueOf(maxUnavailable) === 0 && valueOf(maxSurge) === 0) {
    const text = 'may not be 0 when `maxSurge` is 0'
    errors.push(fieldInvalid(unavailablePath, maxUnavailable ?? 0, text))
  }
  return [...errors, ...validateAtMostAll(maxUnavailable, unavailablePath)]
}

export function validateDeploymentUpdate(object: Deployment, old: Deployment): FieldError[] {
  return [
    ...validateDeployment(object),
    ...validateImmutable(object.spec.selector, old.spec.selector, path.child('selector')),
  ]
}

const counts = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
]

export function validateDeploymentStatus(object: Deployment, old: Deployment): FieldError[] {
  const at = fieldPath('status')
  const status = object.status ?? {}
  return [
    ...validateCounts(status, counts, at),
    ...validateReplicaParts(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], at),
    ...validateCollisionCount(status.collisionCount, old.status?.collisionCount, at),
  ]
}
