import { badRequest, plainError, statusError } from '@kemu/api'
import type { StatusError } from '@kemu/api'
import type { StoreError } from '../store/store-error.ts'

/** What a client is told when the store refused or failed. */
export function statusOfStoreError(error: StoreError): StatusError {
  switch (error.fault) {
    case 'compacted':
      return statusError('Expired', 'The resourceVersion for the provided list is too old.')
    case 'tooLarge':
      return statusError('RequestEntityTooLarge', `Request entity too large: ${error.message}`)
    case 'unavailable':
    case 'noSpace':
    case 'future':
    case 'other':
      return statusError('InternalError', `Internal error occurred: ${error.message}`, {
        causes: [{ message: error.message }],
      })
  }
}

/**
 * What upstream answers when a client asks for a state that has not happened yet
 * (storage.NewTooLargeResourceVersionError).
 */
export function tooLargeResourceVersion(wanted: number, current: number): StatusError {
  const message = `Too large resource version: ${wanted}, current: ${current}`
  return statusError('Timeout', `Timeout: ${message}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

/** A revision as a client wrote it for a list. Throws BadRequest where it is no number. */
export function parseRevision(text: string): number {
  const revision = readRevision(text)
  if (revision !== undefined) return revision
  throw badRequest(`invalid resource version: ${invalidRevision(text)}`)
}

/** The same for a get or a watch, where upstream's error goes out as it is. */
export function parsePlainRevision(text: string): number {
  const revision = readRevision(text)
  if (revision !== undefined) return revision
  throw plainError(invalidRevision(text))
}

function readRevision(text: string): number | undefined {
  if (text === '') return 0
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

function invalidRevision(text: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${parseUintError(text)}`
}

/** Go's words for a text that is no unsigned number. */
export function parseUintError(text: string): string {
  return `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`
}
