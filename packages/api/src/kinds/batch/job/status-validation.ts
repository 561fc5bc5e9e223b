import type { Job, JobStatus, UncountedTerminatedPods } from '../../../generated/types.ts'
import { deepEqual } from '../../../object.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldDuplicate, fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { invalidAsAWhole, nonNegative } from '../../rules/checked.ts'
import { isJobConditionTrue } from './conditions.ts'
import { firstCommonIndex, indexesComplaint } from './indexes.ts'

const path = fieldPath('status')
const conditionsPath = path.child('conditions')

/** Every rule of `job` and `old`, whose errors are given in upstream's order (validateJobStatus). */
export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const change = new Change(job, old)
  return [
    ...validateCounts(job.status),
    ...validateCompletion(change),
    ...validateFinished(change),
    ...validateIndexes(change),
    ...validateRunning(change),
    ...validateSuccess(change),
    ...validateTransition(change),
  ]
}

/**
 * Most rules are asked only when what they speak of has changed: a job that breaks one already can still be written.
 */
class Change {
  readonly now: JobStatus
  readonly before: JobStatus
  readonly job: Job

  constructor(job: Job, old: Job) {
    this.job = job
    this.now = job.status
    this.before = old.status
  }

  is(condition: string): boolean {
    return isJobConditionTrue(this.now, condition)
  }

  was(condition: string): boolean {
    return isJobConditionTrue(this.before, condition)
  }

  turned(...conditions: string[]): boolean {
    return conditions.some((condition) => this.is(condition) !== this.was(condition))
  }

  get isFinished(): boolean {
    return this.is('Complete') || this.is('Failed')
  }

  get turnedFinished(): boolean {
    return this.isFinished !== (this.was('Complete') || this.was('Failed'))
  }

  changed(...fields: (keyof JobStatus)[]): boolean {
    return fields.some((field) => !deepEqual(this.now[field] ?? null, this.before[field] ?? null))
  }
}

function validateCounts(status: JobStatus): FieldError[] {
  return [
    ...nonNegative(path, status, ['active', 'succeeded', 'failed', 'ready', 'terminating']),
    ...validateUncounted(status.uncountedTerminatedPods),
  ]
}

function validateUncounted(uncounted: UncountedTerminatedPods | undefined): FieldError[] {
  const seen = new Set<string>()
  return (['succeeded', 'failed'] as const).flatMap((list) =>
    (uncounted?.[list] ?? []).flatMap((uid, i) => {
      const at = path.child('uncountedTerminatedPods', list).index(i)
      if (uid === '') return [fieldInvalid(at, uid, 'must not be empty')]
      if (seen.has(uid)) return [fieldDuplicate(at, uid)]
      seen.add(uid)
      return []
    }),
  )
}

function validateCompletion(change: Change): FieldError[] {
  const { startTime, completionTime } = change.now
  const at = path.child('completionTime')
  const isComplete = change.is('Complete')
  const errors: FieldError[] = []
  for (const other of ['Failed', 'FailureTarget'])
    if (change.turned('Complete', other) && isComplete && change.is(other)) {
      // Upstream writes the second True of one of the two in small letters.
      const text = `cannot set Complete=True and ${other}=true conditions`
      errors.push(invalidAsAWhole(conditionsPath, text))
    }
  if (change.turned('Complete') || change.changed('completionTime')) {
    if (completionTime !== undefined && !isComplete) {
      const text = 'cannot set completionTime when there is no Complete=True condition'
      errors.push(fieldInvalid(at, completionTime, text))
    }
    if (completionTime === undefined && isComplete)
      errors.push(fieldRequired(at, 'completionTime is required for Complete jobs'))
  }
  if (!change.changed('startTime', 'completionTime') || !startTime || !completionTime) return errors
  if (Date.parse(completionTime) >= Date.parse(startTime)) return errors
  return [...errors, fieldInvalid(at, completionTime, 'must be equal to or after `startTime`')]
}

function validateFinished(change: Change): FieldError[] {
  const { now, isFinished, turnedFinished, job } = change
  const errors: FieldError[] = []
  if (
    (change.turned('Failed') || change.changed('failedIndexes')) &&
    change.is('Failed') &&
    !change.is('FailureTarget')
  ) {
    const text = 'cannot set Failed=True condition without the FailureTarget=true condition'
    errors.push(invalidAsAWhole(conditionsPath, text))
  }
  if (
    change.turned('Complete', 'SuccessCriteriaMet') &&
    change.is('Complete') &&
    !change.is('SuccessCriteriaMet')
  ) {
    const text = 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'
    errors.push(invalidAsAWhole(conditionsPath, text))
  }
  if (!isFinished) return errors
  const active = now.active ?? 0
  if ((turnedFinished || change.changed('active')) && active > 0)
    errors.push(fieldInvalid(path.child('active'), active, 'active>0 is invalid for finished job'))
  const didNothing = job.spec.suspend === true && job.spec.completions === 0
  if ((turnedFinished || change.changed('startTime')) && !didNothing && now.startTime === undefined)
    errors.push(fieldRequired(path.child('startTime'), 'startTime is required for finished job'))
  const uncounted = now.uncountedTerminatedPods
  const count = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length
  if ((turnedFinished || change.changed('uncountedTerminatedPods')) && count > 0) {
    const shown = { Succeeded: uncounted!.succeeded ?? null, Failed: uncounted!.failed ?? null }
    const at = path.child('uncountedTerminatedPods')
    errors.push(fieldInvalid(at, shown, 'must be empty for finished job'))
  }
  return errors
}

function validateIndexes(change: Change): FieldError[] {
  const { completedIndexes: completed = '', failedIndexes: failed } = change.now
  const { completions, backoffLimitPerIndex, completionMode } = change.job.spec
  const [completedPath, failedPath] = [path.child('completedIndexes'), path.child('failedIndexes')]
  const [completedChanged, failedChanged] = [
    change.changed('completedIndexes'),
    change.changed('failedIndexes'),
  ]
  const errors: FieldError[] = []
  if (completedChanged && completions !== undefined) {
    const complaint = indexesComplaint(completed, completions)
    if (complaint !== undefined) {
      const text = `error parsing completedIndexes: ${complaint}`
      errors.push(fieldInvalid(completedPath, completed, text))
    }
  }
  const isPerIndex = backoffLimitPerIndex !== undefined
  if (failedChanged && completions !== undefined && isPerIndex && failed !== undefined) {
    const complaint = indexesComplaint(failed, completions)
    if (complaint !== undefined)
      errors.push(fieldInvalid(failedPath, failed, `error parsing failedIndexes: ${complaint}`))
  }
  if (completedChanged && completed !== '' && completionMode !== 'Indexed') {
    const text = 'cannot set non-empty completedIndexes when non-indexed completion mode'
    errors.push(fieldInvalid(completedPath, completed, text))
  }
  if (failed === undefined) return errors
  if (failedChanged && !isPerIndex) {
    const text = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'
    errors.push(fieldInvalid(failedPath, failed, text))
  }
  if ((!failedChanged && !completedChanged) || completions === undefined) return errors
  const common = firstCommonIndex(completed, failed, completions)
  if (common === undefined) return errors
  const text = `failedIndexes and completedIndexes overlap at index: ${common}`
  return [...errors, fieldInvalid(failedPath, failed, text)]
}

function validateRunning(change: Change): FieldError[] {
  const { terminating = 0, ready, active = 0 } = change.now
  const errors: FieldError[] = []
  if (
    (change.turnedFinished || change.changed('terminating')) &&
    terminating > 0 &&
    change.isFinished
  ) {
    const text = 'terminating>0 is invalid for finished job'
    errors.push(fieldInvalid(path.child('terminating'), terminating, text))
  }
  if (change.changed('ready', 'active') && ready !== undefined && ready > active) {
    const text = 'cannot set more ready pods than active'
    errors.push(fieldInvalid(path.child('ready'), ready, text))
  }
  return errors
}

function validateSuccess(change: Change): FieldError[] {
  const hasMet = change.is('SuccessCriteriaMet')
  const errors = ['Failed', 'FailureTarget']
    .filter((other) => hasMet && change.is(other))
    .map((other) =>
      invalidAsAWhole(
        conditionsPath,
        `cannot set SuccessCriteriaMet=True and ${other}=true conditions`,
      ),
    )
  if (!change.job.spec.successPolicy || hasMet || !change.is('Complete')) return errors
  const text = 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'
  return [...errors, invalidAsAWhole(conditionsPath, text)]
}

/** What may not be taken back. */
function validateTransition(change: Change): FieldError[] {
  const { now, before, job } = change
  const { completionMode, completions, parallelism, suspend } = job.spec
  const errors = ['Failed', 'Complete', 'FailureTarget']
    .filter((condition) => change.was(condition) && !change.is(condition))
    .map((condition) =>
      invalidAsAWhole(conditionsPath, `cannot disable the terminal ${condition}=True condition`),
    )
  // A job that does all its work at once can be made smaller.
  const canShrink = completionMode === 'Indexed' && completions === parallelism
  for (const count of ['failed', 'succeeded'] as const) {
    const value = now[count] ?? 0
    if (value >= (before[count] ?? 0) || (count === 'succeeded' && canShrink)) continue
    errors.push(fieldInvalid(path.child(count), value, `cannot decrease the ${count} counter`))
  }
  if (now.completionTime && before.completionTime && change.changed('completionTime'))
    errors.push(
      fieldInvalid(path.child('completionTime'), now.completionTime, 'field is immutable'),
    )
  const isResuming = change.was('Suspended') && isSuspensionOver(now)
  if (before.startTime && change.changed('startTime') && !isResuming && suspend !== true) {
    const text = 'field is immutable for unsuspended job once set'
    errors.push(fieldInvalid(path.child('startTime'), now.startTime ?? null, text))
  }
  if (change.was('SuccessCriteriaMet') && !change.is('SuccessCriteriaMet')) {
    const text = 'cannot disable the SuccessCriteriaMet=True condition'
    errors.push(invalidAsAWhole(conditionsPath, text))
  }
  if (
    change.was('Complete') &&
    !change.was('SuccessCriteriaMet') &&
    change.is('SuccessCriteriaMet')
  ) {
    const text = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'
    errors.push(invalidAsAWhole(conditionsPath, text))
  }
  return errors
}

function isSuspensionOver({ conditions }: JobStatus): boolean {
  return (conditions ?? []).some(({ type, status }) => type === 'Suspended' && status === 'False')
}
