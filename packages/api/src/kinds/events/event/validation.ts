import type { Event, EventsEvent } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { deepEqual } from '../../../object.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import { validateImmutable } from '../../../validation/object-meta.ts'
import { validateStoredEvent } from '../../core/event/validation.ts'
import { toCoreEvent } from './conversion.ts'

/** Rules of events.k8s.io; paths name the fields of the stored form, as upstream's do (ValidateEventCreate). */
export function validateNewestEvent(event: EventsEvent): FieldError[] {
  const core = toCoreEvent(event)
  const errors = [...validateStoredEvent(core, 'reportingController'), ...validateSeries(core)]
  if (!core.eventTime) errors.push(fieldRequired(fieldPath('eventTime')))
  if (core.type !== 'Normal' && core.type !== 'Warning')
    errors.push(fieldInvalid(fieldPath('type'), '', `has invalid value: ${core.type ?? ''}`))
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count'] as const)
    if (core[field]) errors.push(needsToBeUnset(field))
  if (core.source?.component || core.source?.host) errors.push(needsToBeUnset('source'))
  return errors
}

function needsToBeUnset(field: string): FieldError {
  return fieldInvalid(fieldPath(field), '', 'needs to be unset')
}

function validateSeries({ series }: Event): FieldError[] {
  if (!series) return []
  const errors: FieldError[] = []
  if ((series.count ?? 0) < 2)
    errors.push(fieldInvalid(fieldPath('series.count'), '', 'should be at least 2'))
  if (!series.lastObservedTime) errors.push(fieldRequired(fieldPath('series.lastObservedTime')))
  return errors
}

/** Only the series of a stored event may change: [field of the stored form, its name in messages]. */
const immutableFields = [
  ['involvedObject', 'involvedObject'],
  ['reason', 'reason'],
  ['message', 'message'],
  ['source', 'source'],
  ['firstTimestamp', 'firstTimestamp'],
  ['lastTimestamp', 'lastTimestamp'],
  ['count', 'count'],
  ['reason', 'reason'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingComponent', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const

export function validateNewestEventUpdate(event: EventsEvent, old: EventsEvent): FieldError[] {
  const core = toCoreEvent(event)
  const before = toCoreEvent(old)
  return [
    ...validateStoredEvent(core, 'reportingController'),
    ...(deepEqual(core.series, before.series) ? [] : validateSeries(core)),
    ...immutableFields.flatMap(([field, name]) =>
      validateImmutable(core[field], before[field], fieldPath(name)),
    ),
  ]
}
