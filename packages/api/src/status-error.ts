import type { Status, StatusCause, StatusDetails } from './generated/types.ts'

/** The reasons of meta/v1 Status and the HTTP codes that go with them. */
const statusCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 500,
} as const

export type StatusReason = keyof typeof statusCodes

interface Subject {
  readonly group: string
  /** What messages call it: the resource (`pods`) or, for Invalid, the kind. */
  readonly resource: string
}

/** An answer of the API that is not success. It carries the whole Status, as it travels on the wire. */
export class StatusError extends Error {
  override name = 'StatusError'
  readonly status: Status

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'unknown error')
    this.status = status
  }

  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

/** Makes a StatusError of a reason; the code follows from it unless given. */
export function statusError(
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  code: number = statusCodes[reason],
): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code,
  })
}

function qualified({ group, resource }: Subject): string {
  return group === '' ? resource : `${resource}.${group}`
}

function detailsOf({ group, resource }: Subject, name: string): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), ...(resource && { kind: resource }) }
}

export function notFound(subject: Subject, name: string): StatusError {
  return statusError(
    'NotFound',
    `${qualified(subject)} "${name}" not found`,
    detailsOf(subject, name),
  )
}

export function alreadyExists(subject: Subject, name: string): StatusError {
  const message = `${qualified(subject)} "${name}" already exists`
  return statusError('AlreadyExists', message, detailsOf(subject, name))
}

/** The text of every optimistic-concurrency failure (registry/generic). */
const objectModifiedMessage =
  'the object has been modified; please apply your changes to the latest version and try again'

export function conflict(
  subject: Subject,
  name: string,
  why: string = objectModifiedMessage,
): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`
  return statusError('Conflict', message, detailsOf(subject, name))
}

export function forbidden(subject: Subject, name: string, why: string): StatusError {
  const what = name === '' ? qualified(subject) : `${qualified(subject)} "${name}"`
  return statusError('Forbidden', `${what} is forbidden: ${why}`, detailsOf(subject, name))
}

/**
 * One broken rule of an Invalid answer: `spec.replicas: Invalid value: -1: must be greater than or equal to
 * 0`.
 */
export interface FieldError {
  /** FieldValueInvalid, FieldValueRequired ... (meta/v1 CauseType). */
  readonly type: string
  /** The path: `spec.containers[0].name`. */
  readonly field: string
  /** Everything after the path. */
  readonly detail: string
}

export function invalid(
  group: string,
  kind: string,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes: StatusCause[] = errors.map((e) => ({
    reason: e.type,
    message: e.detail,
    field: e.field,
  }))
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.detail}`))]
  const list = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
  const message = `${qualified({ group, resource: kind })} "${name}" is invalid: ${list}`
  return statusError('Invalid', message, { ...detailsOf({ group, resource: kind }, name), causes })
}

/**
 * * An error that upstream's code did not mean for clients and that they see all the same: code 500, no
 * reason, its bare text (responsewriters.ErrorToAPIStatus).
 */
export function plainError(message: string): StatusError {
  return new StatusError({
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    message,
    code: 500,
  })
}

export function badRequest(message: string): StatusError {
  return statusError('BadRequest', message)
}

export function isStatusError(error: unknown, reason?: StatusReason): error is StatusError {
  return error instanceof StatusError && (reason === undefined || error.reason === reason)
}

export const isNotFound = (error: unknown): boolean => isStatusError(error, 'NotFound')
export const isAlreadyExists = (error: unknown): boolean => isStatusError(error, 'AlreadyExists')
export const isConflict = (error: unknown): boolean => isStatusError(error, 'Conflict')
export const isForbidden = (error: unknown): boolean => isStatusError(error, 'Forbidden')
export const isInvalid = (error: unknown): boolean => isStatusError(error, 'Invalid')
/** The resourceVersion asked for is no longer, or not yet, known: list again. */
export const isExpired = (error: unknown): boolean =>
  isStatusError(error, 'Expired') || isStatusError(error, 'Gone')
