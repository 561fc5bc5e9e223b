/**
 * Why a container was not started: an expected end of an attempt, shown in the pod's status while
 * it waits.
 */
export class StartError extends Error {
  override name = 'StartError'
  /** CrashLoopBackOff, ErrImagePull, CreateContainerConfigError ... */
  readonly reason: string
  /** Milliseconds after which another attempt makes sense; undefined leaves it to the worker. */
  readonly retryAfterMs: number | undefined

  constructor(reason: string, message: string, retryAfterMs?: number) {
    super(message)
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}
