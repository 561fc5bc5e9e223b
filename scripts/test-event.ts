/** What `run` of node:test tells of a file's tests, in the words that we read (tap fills in the rest). */
export interface TestEvent {
  readonly type: string
  readonly data: {
    readonly name: string
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
      readonly error?: {
        readonly failureType?: string
        readonly stack?: string
        readonly message?: string
        readonly cause?: string | { readonly stack?: string; message?: string; diff?: string }
        readonly diff?: string
      }
    }
  }
}
