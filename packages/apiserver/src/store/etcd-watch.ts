import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import type { ClientCall } from '@kemu/etcd/client'
import { EventEventType, WatchService } from '@kemu/rpc/etcd-codec'
import type { Event, WatchRequest, WatchResponse } from '@kemu/rpc/etcd-codec'
import type { EtcdEndpoints } from './etcd-endpoints.ts'
import type { EtcdMember } from './etcd-member.ts'
import { keyValue } from './etcd-key-value.ts'
import { prefixEnd } from './key-value-store.ts'
import type { Change, ChangeSink, ChangeStream } from './key-value-store.ts'

const pauseMs = 25

/** A member that lost its quorum ends the stream. */
const metadata = { hasleader: 'true' }

/** One etcd watch that mends itself: a broken stream is opened again, on the next member, from where it stopped. */
export class EtcdWatch implements ChangeStream {
  readonly #endpoints: EtcdEndpoints
  readonly #clock: Clock
  readonly #prefix: string
  readonly #sink: ChangeSink
  /** The first revision that was not given yet. */
  #nextRevision: number
  #call: ClientCall<WatchRequest, WatchResponse> | undefined
  #created = false
  #progressWanted = false
  #closed = false

  constructor(
    endpoints: EtcdEndpoints,
    clock: Clock,
    prefix: string,
    fromRevision: number,
    sink: ChangeSink,
  ) {
    this.#endpoints = endpoints
    this.#clock = clock
    this.#prefix = prefix
    this.#nextRevision = fromRevision
    this.#sink = sink
    void this.#open()
  }

  requestProgress(): void {
    this.#progressWanted = true
    if (this.#created) this.#askProgress()
  }

  close(): void {
    this.#closed = true
    this.#call?.cancel()
  }

  async #open(): Promise<void> {
    const { member } = this.#endpoints
    this.#created = false
    const events = {
      onMessage: (response: WatchResponse) => this.#onResponse(response, member),
      onEnd: () => this.#onBroken(member),
      onDrain: () => {},
    }
    try {
      const call = await member.stream(WatchService.Watch, events, metadata)
      if (this.#closed) return call.cancel()
      this.#call = call
      call.write({
        createRequest: {
          key: this.#prefix,
          rangeEnd: prefixEnd(this.#prefix),
          startRevision: this.#nextRevision,
          progressNotify: true,
        },
      })
    } catch {
      this.#onBroken(member)
    }
  }

  #onResponse(response: WatchResponse, member: EtcdMember): void {
    if (this.#closed) return
    if (response.created) {
      this.#created = true
      if (this.#progressWanted) this.#askProgress()
      return
    }
    if (response.canceled) return this.#onCanceled(response, member)
    const changes = response.events.map(changeOf)
    // A response with events is as new as its last event; one without says how far all was given.
    const revision =
      changes.length > 0 ? revisionOf(changes.at(-1)!) : (response.header?.revision ?? 0)
    this.#nextRevision = Math.max(this.#nextRevision, revision + 1)
    this.#sink.onChanges(changes, revision)
  }

  #onCanceled(response: WatchResponse, member: EtcdMember): void {
    if (response.compactRevision === 0) {
      // No leader, or the member stops.
      this.#call?.cancel()
      this.#onBroken(member)
      return
    }
    this.close()
    this.#sink.onCompacted()
  }

  #onBroken(member: EtcdMember): void {
    if (this.#closed) return
    this.#call = undefined
    this.#created = false
    this.#endpoints.leave(member)
    void sleep(this.#clock, pauseMs).then(() => {
      if (!this.#closed) void this.#open()
    })
  }

  #askProgress(): void {
    this.#progressWanted = false
    this.#call?.write({ progressRequest: {} })
  }
}

function changeOf({ type, kv }: Event): Change {
  const { key, modRevision } = kv!
  return type === EventEventType.DELETE
    ? { type: 'delete', key, modRevision }
    : { type: 'put', kv: keyValue(kv!) }
}

function revisionOf(change: Change): number {
  return change.type === 'put' ? change.kv.modRevision : change.modRevision
}
