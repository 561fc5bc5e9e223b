import type { Event } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../../validation/field-error.ts'
import { fieldPath } from '../../../validation/field-path.ts'
import {
  byteLength,
  checkDns1123Subdomain,
  checkQualifiedName,
} from '../../../validation/name-rules.ts'

/** Bytes; core/validation/events.go */
const limits = { reportingInstance: 128, action: 128, reason: 128, message: 1024 } as const

/** Rules of core events; those with an eventTime are of the newer kind and have more of them (legacyValidateEvent). */
export function validateEvent(event: Event): FieldError[] {
  return validateStoredEvent(event, 'reportingComponent')
}

/** The same for both API groups, which call the reporter by different names. */
export function validateStoredEvent(event: Event, reporterField: string): FieldError[] {
  const { namespace = '' } = event.metadata
  return [
    ...(event.eventTime ? validateNewEvent(event, reporterField) : validateOldNamespace(event)),
    ...checkDns1123Subdomain(namespace).map((text) =>
      fieldInvalid(fieldPath('namespace'), namespace, text),
    ),
  ]
}

function validateOldNamespace({ metadata, involvedObject }: Event): FieldError[] {
  const about = involvedObject.namespace ?? ''
  const namespace = metadata.namespace ?? ''
  const expected = about === '' ? ['', 'default'] : [about]
  return expected.includes(namespace) ? [] : [wrongNamespace(about)]
}

function wrongNamespace(about: string): FieldError {
  const path = fieldPath('involvedObject', 'namespace')
  return fieldInvalid(path, about, 'does not match event.namespace')
}

function validateNewEvent(event: Event, reporterField: string): FieldError[] {
  const about = event.involvedObject.namespace ?? ''
  const clusterNamespaces = ['default', 'kube-system']
  const errors: FieldError[] = []
  if (about === '' && !clusterNamespaces.includes(event.metadata.namespace ?? ''))
    errors.push(wrongNamespace(about))
  const reporter = event.reportingComponent ?? ''
  const path = fieldPath(reporterField)
  if (reporter === '') errors.push(fieldRequired(path))
  errors.push(...checkQualifiedName(reporter).map((text) => fieldInvalid(path, reporter, text)))
  return [
    ...errors,
    ...required(event, 'reportingInstance'),
    ...required(event, 'action'),
    ...required(event, 'reason'),
    ...notTooLong(event, 'message'),
  ]
}

type LimitedField = keyof typeof limits

function required(event: Event, field: LimitedField): FieldError[] {
  const missing = event[field] ? [] : [fieldRequired(fieldPath(field))]
  return [...missing, ...notTooLong(event, field)]
}

function notTooLong(event: Event, field: LimitedField): FieldError[] {
  if (byteLength(event[field] ?? '') <= limits[field]) return []
  return [fieldInvalid(fieldPath(field), '', `can have at most ${limits[field]} characters`)]
}
