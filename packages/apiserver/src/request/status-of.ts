import { isStatusError, statusError } from '@kemu/api'
import type { Status } from '@kemu/api'
import { isStoreError } from '../store/store-error.ts'
import { PageNotFound } from '../registry/page-not-found.ts'
import { statusOfStoreError } from '../registry/store-status.ts'

/** What a client is told of an error, whatever it is. */
export function statusOf(error: unknown): Status {
  if (isStatusError(error)) return error.status
  if (error instanceof PageNotFound) {
    return statusError('NotFound', 'the server could not find the requested resource', {}).status
  }
  if (isStoreError(error)) return statusOfStoreError(error).status
  const message = error instanceof Error ? error.message : String(error)
  return statusError('InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  }).status
}
