import { isStatusError } from '@kemu/api'

/** The cause that admission gives when the namespace terminates (NamespaceTerminatingCause). */
export function namespaceTerminates(error: unknown): boolean {
  if (!isStatusError(error, 'Forbidden')) return false
  return (error.status.details?.causes ?? []).some((c) => c.reason === 'NamespaceTerminating')
}
