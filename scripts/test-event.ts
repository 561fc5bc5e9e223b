/** What `run` of node:test tells of a file's tests, in the words that we read (tap fills in the rest). */
export interface TestEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly nesting: number
    readonly message: string
    readonly file?: string
    readonly line?: number
    readonly skip?: string | boolean
    readonly details?: {
      readonly type?: string
      /** Of a file: that it and all its tests are well. */
      readonly passed?: boolean
      readonly duration_ms?: number
      readonly error?: CauseOfFailure & {
        readonly failureType?: string
        readonly cause?: string | CauseOfFailure
      }
    }
  }
}

interface CauseOfFailure {
  readonly stack?: string
  readonly message?: string
  readonly diff?: string
  /** Of an error with a code: a failed system call, or a refused call of gRPC with the server's words. */
  readonly code?: string | number
  readonly details?: string
}
