import type { DeleteOptions } from '../generated/types.ts'
import { isPrintable } from '../go-text.ts'
import {
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from './field-error.ts'
import type { FieldError } from './field-error.ts'
import { fieldPath } from './field-path.ts'
import type { FieldPath } from './field-path.ts'
import { byteLength } from './name-rules.ts'

/** What the query of a writing request may say. */
export interface WriteOptions {
  readonly fieldManager?: string
  readonly dryRun?: readonly string[]
  readonly fieldValidation?: string
}

/** CreateOptions and UpdateOptions have the same rules. */
export function validateWriteOptions(options: WriteOptions): FieldError[] {
  return [
    ...validateFieldManager(options.fieldManager ?? '', fieldPath('fieldManager')),
    ...validateDryRun(options.dryRun, fieldPath('dryRun')),
    ...validateFieldValidation(options.fieldValidation ?? '', fieldPath('fieldValidation')),
  ]
}

export function validatePatchOptions(
  options: WriteOptions & { readonly force?: boolean },
  isApply: boolean,
): FieldError[] {
  const errors = validateWriteOptions(options)
  if (isApply && !options.fieldManager)
    return [fieldRequired(fieldPath('fieldManager'), 'is required for apply patch'), ...errors]
  if (!isApply && options.force !== undefined)
    return [
      fieldForbidden(fieldPath('force'), 'may not be specified for non-apply patch'),
      ...errors,
    ]
  return errors
}

export function validateDeleteOptions(options: DeleteOptions): FieldError[] {
  const { propagationPolicy: policy, orphanDependents } = options
  const path = fieldPath('propagationPolicy')
  const errors: FieldError[] = []
  if (policy !== undefined && orphanDependents !== undefined) {
    const text = 'orphanDependents and deletionPropagation cannot be both set'
    errors.push(fieldInvalid(path, policy, text))
  }
  const supported = ['Foreground', 'Background', 'Orphan']
  if (policy !== undefined && !supported.includes(policy))
    errors.push(fieldNotSupported(path, policy, [...supported, 'nil']))
  return [
    ...errors,
    ...validateDryRun(options.dryRun, fieldPath('dryRun')),
    ...validateIgnoreStoreReadError(options),
  ]
}

function validateIgnoreStoreReadError(options: DeleteOptions): FieldError[] {
  const name = 'ignoreStoreReadErrorWithClusterBreakingPotential'
  if (!options[name]) return []
  const conflicting = [
    ['dryRun', (options.dryRun ?? []).length > 0],
    ['propagationPolicy', options.propagationPolicy !== undefined],
    ['orphanDependents', options.orphanDependents !== undefined],
    ['gracePeriodSeconds', options.gracePeriodSeconds !== undefined],
    ['preconditions', options.preconditions !== undefined],
  ] as const
  return conflicting
    .filter(([, stated]) => stated)
    .map(([other]) => fieldInvalid(fieldPath(name), true, `cannot be set together with .${other}`))
}

/** At most 128 bytes, all of them printable. */
export function validateFieldManager(manager: string, path: FieldPath): FieldError[] {
  const errors = byteLength(manager) > 128 ? [fieldTooLong(path, 128)] : []
  let at = 0
  for (const char of manager) {
    if (!isPrintable(char)) {
      const code = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
      errors.push(fieldInvalid(path, manager, `invalid character U+${code} (at position ${at})`))
    }
    at += byteLength(char)
  }
  return errors
}

function validateDryRun(dryRun: readonly string[] | undefined, path: FieldPath): FieldError[] {
  return (dryRun ?? []).every((value) => value === 'All')
    ? []
    : [fieldNotSupported(path, dryRun, ['All'])]
}

function validateFieldValidation(value: string, path: FieldPath): FieldError[] {
  const supported = ['', 'Ignore', 'Strict', 'Warn']
  return supported.includes(value) ? [] : [fieldNotSupported(path, value, supported)]
}
