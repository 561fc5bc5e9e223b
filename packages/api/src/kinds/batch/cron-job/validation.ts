import type { CronJob, CronJobSpec, JobSpec } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { byteLength } from '../../../validation/name-rules.ts'
import { nonNegative, oneOf } from '../../rules/checked.ts'
import { validateJobPart } from '../job/spec-validation.ts'
import { checkSchedule, isTimeZone, ScheduleError } from './schedule.ts'

const path = fieldPath('spec')
/** Its jobs' names are eleven characters longer. */
const nameMaxLength = 52

export function validateCronJob({ spec, metadata }: CronJob): FieldError[] {
  const errors = validateSpec(spec, undefined)
  const name = (metadata.name as string | undefined) ?? ''
  if (byteLength(name) <= nameMaxLength) return errors
  const text = `must be no more than ${nameMaxLength} characters`
  return [...errors, fieldInvalid(fieldPath('metadata', 'name'), name, text)]
}

export function validateCronJobUpdate({ spec }: CronJob, old: CronJob): FieldError[] {
  return validateSpec(spec, old.spec)
}

function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const sameZone = old !== undefined && old.timeZone === spec.timeZone
  return [
    ...validateSchedule(spec, old),
    ...nonNegative(path, spec, ['startingDeadlineSeconds']),
    ...(sameZone ? [] : validateTimeZone(spec.timeZone)),
    ...oneOf(path.child('concurrencyPolicy'), spec.concurrencyPolicy, [
      'Allow',
      'Forbid',
      'Replace',
    ]),
    ...validateJobTemplate(spec.jobTemplate.spec),
    ...nonNegative(path, spec, ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit']),
  ]
}

function validateSchedule(
  { schedule, timeZone }: CronJobSpec,
  old: CronJobSpec | undefined,
): FieldError[] {
  const at = path.child('schedule')
  if (schedule === '') return [fieldRequired(at)]
  const complaint = scheduleComplaint(schedule)
  const errors = complaint === undefined ? [] : [fieldInvalid(at, schedule, complaint)]
  if (!schedule.includes('TZ')) return errors
  if (!old?.schedule.includes('TZ')) {
    const text = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    return [...errors, fieldInvalid(at, schedule, text)]
  }
  if (timeZone === undefined) return errors
  const text = 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
  return [...errors, fieldInvalid(at, schedule, text)]
}

function scheduleComplaint(schedule: string): string | undefined {
  try {
    checkSchedule(schedule)
    return undefined
  } catch (error) {
    if (error instanceof ScheduleError) return error.message
    throw error
  }
}

function validateTimeZone(zone: string | undefined): FieldError[] {
  if (zone === undefined) return []
  const at = path.child('timeZone')
  if (zone === '') return [fieldInvalid(at, zone, 'timeZone must be nil or non-empty string')]
  const isName = (part: string): boolean => /^(?!\.{1,2}$)(?!-)[A-Za-z.\-_0-9+]{1,14}$/.test(part)
  if (!zone.split('/').every(isName)) return [fieldInvalid(at, zone, `unknown time zone ${zone}`)]
  const errors: FieldError[] = []
  if (zone.toLowerCase() === 'local') {
    const text =
      'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'
    errors.push(fieldInvalid(at, zone, text))
  }
  return isTimeZone(zone)
    ? errors
    : [...errors, fieldInvalid(at, zone, `unknown time zone ${zone}`)]
}

function validateJobTemplate(spec: JobSpec | undefined): FieldError[] {
  const at = path.child('jobTemplate', 'spec')
  const stated = spec ?? { template: {} }
  const errors = validateJobPart(stated, at)
  if (stated.selector) {
    const text = '`selector` will be auto-generated'
    errors.push(fieldInvalid(at.child('selector'), stated.selector, text))
  }
  if (stated.manualSelector)
    errors.push(fieldNotSupported(at.child('manualSelector'), true, ['nil', 'false']))
  return errors
}
