import { WatchService } from '@kemu/rpc/etcd-codec'
import type { WatchCreateRequest, WatchRequest, WatchResponse } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { Channel, ClientCall } from '../grpc/client.ts'

/** A watch stream that a test reads one answer at a time. */
export class TestWatch {
  readonly #call: ClientCall<WatchRequest, WatchResponse>
  readonly #answers: WatchResponse[] = []
  #wake: () => void = () => {}
  error: Error | undefined

  constructor(channel: Channel) {
    this.#call = channel.stream(WatchService.Watch, {
      onMessage: (answer) => {
        this.#answers.push(answer)
        this.#wake()
      },
      onEnd: (error) => {
        this.error = error ?? new Error('the stream ended')
        this.#wake()
      },
      onDrain: () => {},
    })
  }

  create(request: Init<WatchCreateRequest>): void {
    this.#call.write({ createRequest: request })
  }

  cancel(watchId: number): void {
    this.#call.write({ cancelRequest: { watchId } })
  }

  askProgress(): void {
    this.#call.write({ progressRequest: {} })
  }

  async next(): Promise<WatchResponse> {
    while (this.#answers.length === 0) {
      if (this.error) throw this.error
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#answers.shift()!
  }

  /** Answers until this many events have come. */
  async events(count: number): Promise<WatchResponse['events']> {
    const events: WatchResponse['events'] = []
    while (events.length < count) events.push(...(await this.next()).events)
    return events
  }

  close(): void {
    this.#call.cancel()
  }
}
