import type { DaemonSet, DaemonSetSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateLabelSelector } from '../../../validation/labels.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import {
  isEmptySelector,
  isReadableSelector,
  validateSelectorMatches,
  validateServingTemplate,
} from '../../pod-spec/template-validation.ts'
import { nonNegative } from '../../rules/checked.ts'
import {
  validateAtMostAll,
  validateCollisionCount,
  validateCounts,
  validateIntOrPercent,
  valueOf,
} from '../workload-validation.ts'

const path = fieldPath('spec')

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const { selector, template } = spec
  const errors = validateLabelSelector(selector, path.child('selector'))
  if (isReadableSelector(selector))
    errors.push(...validateSelectorMatches(selector, template, path.child('template')))
  if (selector && isEmptySelector(selector)) {
    const text = 'empty selector is invalid for daemonset'
    errors.push(fieldInvalid(path.child('selector'), selector, text))
  }
  return [
    ...errors,
    ...validateServingTemplate(template, 'DaemonSet', path.child('template')),
    ...nonNegative(path, spec, ['minReadySeconds']),
    ...validateStrategy(spec.updateStrategy ?? {}),
    ...nonNegative(path, spec, ['revisionHistoryLimit']),
  ]
}

type Strategy = NonNullable<DaemonSetSpec['updateStrategy']>

function validateStrategy({ type, rollingUpdate }: Strategy): FieldError[] {
  const at = path.child('updateStrategy')
  switch (type) {
    case 'OnDelete':
      return []
    case 'RollingUpdate':
      return rollingUpdate
        ? validateRollingUpdate(rollingUpdate)
        : [fieldRequired(at.child('rollingUpdate'))]
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
      return [fieldNotSupported(at, shown, ['RollingUpdate', 'OnDelete'])]
    }
  }
}

function validateRollingUpdate({
  maxUnavailable,
  maxSurge,
}: NonNullable<Strategy['rollingUpdate']>): FieldError[] {
  const at = path.child('updateStrategy', 'rollingUpdate')
  const [unavailablePath, surgePath] = [at.child('maxUnavailable'), at.child('maxSurge')]
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailablePath),
    ...validateIntOrPercent(maxSurge, surgePath),
    ...validateAtMostAll(maxUnavailable, unavailablePath),
    ...validateAtMostAll(maxSurge, surgePath),
  ]
  const [hasUnavailable, hasSurge] = [valueOf(maxUnavailable) !== 0, valueOf(maxSurge) !== 0]
  if (hasUnavailable && hasSurge) {
    const text = 'may not be set when maxUnavailable is non-zero'
    errors.push(fieldInvalid(surgePath, maxSurge, text))
  }
  if (!hasUnavailable && !hasSurge)
    errors.push(fieldRequired(unavailablePath, 'cannot be 0 when maxSurge is 0'))
  return errors
}

/** The template's number follows the template by itself (see strategy.ts), so there is nothing to say of it. */
export function validateDaemonSetUpdate(object: DaemonSet, old: DaemonSet): FieldError[] {
  return [
    ...validateImmutable(object.spec.selector, old.spec.selector, path.child('selector')),
    ...validateDaemonSet(object),
  ]
}

const counts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
]

export function validateDaemonSetStatus(object: DaemonSet, old: DaemonSet): FieldError[] {
  const at = fieldPath('status')
  return [
    ...validateCounts(object.status ?? {}, counts, at),
    ...validateCollisionCount(object.status?.collisionCount, old.status?.collisionCount, at),
  ]
}
