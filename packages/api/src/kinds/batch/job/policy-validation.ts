import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../../../generated/types.ts'
import { goQuote } from '../../../go-text.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
} from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { byteLength, checkQualifiedName } from '../../../validation/name-rules.ts'
import { checked, invalidAsAWhole, nonNegative } from '../../rules/checked.ts'
import { indexesComplaint, parseIndexes } from './indexes.ts'

const maxRules = 20
const maxExitCodes = 255
const maxPatterns = 20
const maxIndexesLength = 64 * 1024

/** A value that must be stated, and be one of these: the message for nothing lists them as Go prints a slice. */
function oneOfListed(at: FieldPath, value: string, supported: readonly string[]): FieldError[] {
  if (supported.includes(value)) return []
  if (value !== '') return [fieldNotSupported(at, value, supported)]
  return [fieldRequired(at, `valid values: [${supported.map(goQuote).join(' ')}]`)]
}

export function validateFailurePolicy(spec: JobSpec, path: FieldPath): FieldError[] {
  if (!spec.podFailurePolicy) return []
  const { rules } = spec.podFailurePolicy
  const at = path.child('rules')
  const tooMany = rules.length > maxRules ? [fieldTooMany(at, rules.length, maxRules)] : []
  return [...tooMany, ...rules.flatMap((rule, i) => validateRule(rule, spec, at.index(i)))]
}

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']

function validateRule(rule: PodFailurePolicyRule, spec: JobSpec, path: FieldPath): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const at = path.child('action')
  const errors = oneOfListed(at, action, actions)
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(fieldInvalid(at, action, 'requires the backoffLimitPerIndex to be set'))
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, spec, path.child('onExitCodes')))
  if (onPodConditions.length > 0)
    errors.push(...validatePatterns(onPodConditions, path.child('onPodConditions')))
  if (onExitCodes && onPodConditions.length > 0) {
    const text = 'specifying both OnExitCodes and OnPodConditions is not supported'
    errors.push(invalidAsAWhole(path, text))
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    const text = 'specifying one of OnExitCodes and OnPodConditions is required'
    errors.push(invalidAsAWhole(path, text))
  }
  return errors
}

function validateExitCodes(
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  spec: JobSpec,
  path: FieldPath,
): FieldError[] {
  const { containers = [], initContainers = [] } = spec.template.spec ?? {}
  const names = [...containers, ...initContainers].map(({ name }) => name)
  const errors = oneOfListed(path.child('operator'), operator, ['In', 'NotIn'])
  if (containerName !== undefined && !names.includes(containerName)) {
    const text = 'must be one of the container or initContainer names in the pod template'
    errors.push(fieldInvalid(path.child('containerName'), containerName, text))
  }
  const at = path.child('values')
  if (values.length === 0) errors.push(fieldInvalid(at, values, 'at least one value is required'))
  if (values.length > maxExitCodes) errors.push(fieldTooMany(at, values.length, maxExitCodes))
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0)
      errors.push(fieldInvalid(at.index(i), value, 'must not be 0 for the In operator'))
    if (values.indexOf(value) < i) errors.push(fieldDuplicate(at.index(i), value))
  }
  if (values.some((value, i) => i > 0 && values[i - 1]! > value))
    errors.push(fieldInvalid(at, values, 'must be ordered'))
  return errors
}

function validatePatterns(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  path: FieldPath,
): FieldError[] {
  const count = patterns.length
  const statuses = ['False', 'True', 'Unknown']
  return [
    ...(count > maxPatterns ? [fieldTooMany(path, count, maxPatterns)] : []),
    ...patterns.flatMap(({ type, status = '' }, i) => [
      ...checked(path.index(i).child('type'), type, checkQualifiedName),
      ...oneOfListed(path.index(i).child('status'), status, statuses),
    ]),
  ]
}

export function validateSuccessPolicy(spec: JobSpec, path: FieldPath): FieldError[] {
  const { rules } = spec.successPolicy!
  const at = path.child('rules')
  if (rules.length === 0) {
    const text = 'at least one rules must be specified when the successPolicy is specified'
    return [fieldRequired(at, text)]
  }
  return [
    ...(rules.length > maxRules ? [fieldTooMany(at, rules.length, maxRules)] : []),
    ...rules.flatMap((rule, i) => validateSuccessRule(rule, spec.completions ?? 0, at.index(i))),
  ]
}

function validateSuccessRule(
  { succeededCount: count, succeededIndexes: indexes }: SuccessPolicyRule,
  completions: number,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (count === undefined && indexes === undefined) {
    const text = 'at least one of succeededCount or succeededIndexes must be specified'
    errors.push(fieldRequired(path, text))
  }
  const listed = indexes === undefined ? undefined : countIndexes(indexes, completions)
  if (indexes !== undefined) {
    const at = path.child('succeededIndexes')
    if (byteLength(indexes) > maxIndexesLength) errors.push(fieldTooLong(at, maxIndexesLength))
    const complaint = indexesComplaint(indexes, completions)
    if (complaint !== undefined)
      errors.push(fieldInvalid(at, indexes, `error parsing succeededIndexes: ${complaint}`))
  }
  if (count === undefined) return errors
  const at = path.child('succeededCount')
  errors.push(...nonNegative(path, { succeededCount: count }, ['succeededCount']))
  const limits = [
    [completions, 'the number of specified completions'],
    [listed, 'the number of indexes in the specified succeededIndexes field'],
  ] as const
  for (const [limit, what] of limits)
    if (limit !== undefined && count > limit)
      errors.push(fieldInvalid(at, count, `must be less than or equal to ${limit} (${what})`))
  return errors
}

function countIndexes(text: string, completions: number): number {
  if (indexesComplaint(text, completions) !== undefined) return 0
  return parseIndexes(text, completions).reduce((sum, [from, to]) => sum + to - from + 1, 0)
}
