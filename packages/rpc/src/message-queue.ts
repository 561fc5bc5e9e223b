import type { RpcError } from './error.ts'

/** Messages that nobody has asked for yet; with more of them the peer has to wait. */
const queueMax = 64

/** The stream that the messages come by. */
export interface Source {
  pause(): void
  resume(): void
  /** The reader has left before the end. */
  cancel(): void
}

/** Messages of one stream, for `for await`; leaving the loop cancels the stream. */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #source: Source
  readonly #messages: T[] = []
  readonly #waiting: {
    resolve(result: IteratorResult<T, undefined>): void
    reject(error: RpcError): void
  }[] = []
  #end: { readonly error: RpcError | undefined } | undefined

  constructor(source: Source) {
    this.#source = source
  }

  push(message: T): void {
    if (this.#end) return
    const reader = this.#waiting.shift()
    if (reader) return reader.resolve({ value: message, done: false })
    this.#messages.push(message)
    if (this.#messages.length === queueMax) this.#source.pause()
  }

  /** No more messages; an error is thrown to the reader behind the last one. */
  end(error?: RpcError): void {
    if (this.#end) return
    this.#end = { error }
    for (const reader of this.#waiting.splice(0)) {
      if (error) reader.reject(error)
      else reader.resolve({ value: undefined, done: true })
    }
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const message = this.#messages.shift()
    if (message !== undefined) {
      if (this.#messages.length === 0) this.#source.resume()
      return Promise.resolve({ value: message, done: false })
    }
    if (!this.#end) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    const { error } = this.#end
    if (!error) return Promise.resolve({ value: undefined, done: true })
    this.#end = { error: undefined }
    return Promise.reject(error)
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.cancel()
    return Promise.resolve({ value: undefined, done: true })
  }

  cancel(): void {
    this.#messages.length = 0
    this.end()
    this.#source.cancel()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
