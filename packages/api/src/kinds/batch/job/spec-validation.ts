import type { JobSpec } from '../../../generated/types.ts'
import { selectorOf } from '../../../label-selector.ts'
import type { FieldError } from '../../../status-error.ts'
import {
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { validateLabelSelector } from '../../../validation/labels.ts'
import { byteLength } from '../../../validation/name-rules.ts'
import { validateDomainPrefixedPath } from '../../../validation/value-rules.ts'
import { isReadableSelector, validateTemplate } from '../../pod-spec/template-validation.ts'
import { nonNegative } from '../../rules/checked.ts'
import { validateFailurePolicy, validateSuccessPolicy } from './policy-validation.ts'

/** A job's spec with the selector that it has by now. */
export function validateJobSpec(spec: JobSpec, path: FieldPath): FieldError[] {
  const { selector, template } = spec
  const at = path.child('selector')
  const errors = [
    ...validateJobPart(spec, path),
    ...(selector ? validateLabelSelector(selector, at) : [fieldRequired(at)]),
  ]
  const labels = template.metadata?.labels
  if (!isReadableSelector(selector) || (selector && selectorOf(selector).matches(labels)))
    return errors
  const text = '`selector` does not match template `labels`'
  return [
    ...errors,
    fieldInvalid(path.child('template', 'metadata', 'labels'), labels ?? null, text),
  ]
}

const maxManagedBy = 63

/** What holds of a template of jobs too. */
export function validateJobPart(spec: JobSpec, path: FieldPath): FieldError[] {
  const errors = nonNegative(path, spec, [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ])
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    const text = 'when maxFailedIndexes is specified'
    errors.push(fieldRequired(path.child('backoffLimitPerIndex'), text))
  }
  if (spec.managedBy !== undefined) {
    const at = path.child('managedBy')
    errors.push(...validateDomainPrefixedPath(at, spec.managedBy))
    if (byteLength(spec.managedBy) > maxManagedBy) errors.push(fieldTooLong(at, maxManagedBy))
  }
  return [
    ...errors,
    ...validateMode(spec, path),
    ...validateFailurePolicy(spec, path.child('podFailurePolicy')),
    ...validateSuccess(spec, path.child('successPolicy')),
    ...validateReplacement(spec, path.child('podReplacementPolicy')),
    ...validateTemplate(spec.template, path.child('template')),
    ...validateRestartPolicy(spec, path.child('template', 'spec', 'restartPolicy')),
  ]
}

function validateMode(spec: JobSpec, path: FieldPath): FieldError[] {
  const { completionMode: mode } = spec
  if (mode === 'Indexed') return validateIndexed(spec, path)
  if (mode === undefined || mode === 'NonIndexed')
    return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      .filter((field) => spec[field] !== undefined)
      .map((field) =>
        fieldInvalid(path.child(field), spec[field], 'requires indexed completion mode'),
      )
  return [fieldNotSupported(path.child('completionMode'), mode, ['NonIndexed', 'Indexed'])]
}

const maxParallelism = 100_000
const maxFailed = 100_000
const manyCompletions = 100_000
const maxParallelismOfMany = 10_000
const maxFailedOfMany = 10_000

function validateIndexed(spec: JobSpec, path: FieldPath): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec
  const errors: FieldError[] = []
  const atMost = (field: 'parallelism' | 'maxFailedIndexes', limit: number, why = ''): void => {
    const value = spec[field]
    if (value === undefined || value <= limit) return
    const text = `must be less than or equal to ${limit}${why}`
    errors.push(fieldInvalid(path.child(field), value, text))
  }
  if (completions === undefined)
    errors.push(fieldRequired(path.child('completions'), 'when completion mode is Indexed'))
  if (parallelism > maxParallelism)
    atMost('parallelism', maxParallelism, ' when completion mode is Indexed')
  if (completions !== undefined && failed !== undefined && failed > completions) {
    const text = 'must be less than or equal to completions'
    errors.push(fieldInvalid(path.child('maxFailedIndexes'), failed, text))
  }
  atMost('maxFailedIndexes', maxFailed)
  if ((completions ?? 0) <= manyCompletions || spec.backoffLimitPerIndex === undefined)
    return errors
  if (failed === undefined) {
    const text = `must be specified when completions is above ${manyCompletions}`
    errors.push(fieldRequired(path.child('maxFailedIndexes'), text))
  }
  const why = ` when completions are above ${manyCompletions} and used with backoff limit per index`
  atMost('parallelism', maxParallelismOfMany, why)
  atMost('maxFailedIndexes', maxFailedOfMany, why)
  return errors
}

function validateSuccess(spec: JobSpec, path: FieldPath): FieldError[] {
  if (!spec.successPolicy) return []
  if (spec.completionMode === 'Indexed') return validateSuccessPolicy(spec, path)
  const rules = spec.successPolicy.rules.map(({ succeededIndexes, succeededCount }) => ({
    SucceededIndexes: succeededIndexes ?? null,
    SucceededCount: succeededCount ?? null,
  }))
  return [fieldInvalid(path, { Rules: rules }, 'requires indexed completion mode')]
}

function validateReplacement(spec: JobSpec, path: FieldPath): FieldError[] {
  const { podReplacementPolicy: policy, podFailurePolicy } = spec
  const supported = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  if (policy === undefined || supported.includes(policy)) return []
  return [fieldNotSupported(path, policy, supported)]
}

/** Pods of a job end. */
function validateRestartPolicy(spec: JobSpec, at: FieldPath): FieldError[] {
  const policy = spec.template.spec?.restartPolicy ?? ''
  if (policy === '' || policy === 'Always')
    return [fieldRequired(at, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [fieldNotSupported(at, policy, ['OnFailure', 'Never'])]
  if (!spec.podFailurePolicy || policy === 'Never') return []
  const text = 'only "Never" is supported when podFailurePolicy is specified'
  return [fieldInvalid(at, policy, text)]
}
