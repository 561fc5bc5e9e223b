import { Metadata } from '@kemu/rpc'
import type { ClientDuplexStream, Message } from '@kemu/rpc'
import type { Event, WatchRequest, WatchResponse } from '@kemu/rpc/etcd'
import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import type { EtcdEndpoints, EtcdMember } from './etcd-endpoints.ts'
import { prefixEnd } from './key-value-store.ts'
import type { Change, ChangeSink, ChangeStream } from './key-value-store.ts'

type Call = ClientDuplexStream<Message<WatchRequest>, WatchResponse>

const pauseMs = 25

/**
 * One etcd watch that mends itself: a broken stream is opened again, on the next member, from where
 * it stopped.
 */
export class EtcdWatch implements ChangeStream {
  readonly #endpoints: EtcdEndpoints
  readonly #clock: Clock
  readonly #prefix: string
  readonly #sink: ChangeSink
  /** The first revision that was not given yet. */
  #nextRevision: number
  #call: Call | undefined
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
    const member = this.#endpoints.member
    try {
      await member.connect()
    } catch {
      return this.#openNext(member)
    }
    if (this.#closed) return
    const metadata = new Metadata()
    metadata.set('hasleader', 'true') // a member that lost its quorum ends the stream
    const call = member.watch.Watch({ metadata })
    this.#call = call
    this.#created = false
    call.on('data', (response: WatchResponse) => this.#onResponse(response))
    call.on('error', () => this.#onBroken(call, member))
    call.on('end', () => this.#onBroken(call, member))
    call.write({
      createRequest: {
        key: Buffer.from(this.#prefix),
        rangeEnd: Buffer.from(prefixEnd(this.#prefix)),
        startRevision: String(this.#nextRevision),
        progressNotify: true,
      },
    })
  }

  #onResponse(response: WatchResponse): void {
    if (this.#closed) return
    if (response.created) {
      this.#created = true
      if (this.#progressWanted) this.#askProgress()
      return
    }
    if (response.canceled) return this.#onCanceled(response)
    const changes = response.events.map(changeOf)
    // A response with events is as new as its last event; one without says how far all was given.
    const revision =
      changes.length > 0 ? revisionOf(changes.at(-1)!) : Number(response.header?.revision)
    this.#nextRevision = Math.max(this.#nextRevision, revision + 1)
    this.#sink.onChanges(changes, revision)
  }

  #onCanceled(response: WatchResponse): void {
    if (response.compactRevision === '0') {
      this.#call?.cancel() // no leader, or the member stops: `error` opens it again
      return
    }
    this.close()
    this.#sink.onCompacted()
  }

  #onBroken(call: Call, member: EtcdMember): void {
    if (this.#closed || call !== this.#call) return
    this.#call = undefined
    this.#created = false
    call.cancel()
    void this.#openNext(member)
  }

  async #openNext(left: EtcdMember): Promise<void> {
    this.#endpoints.leave(left)
    await sleep(this.#clock, pauseMs)
    if (!this.#closed) await this.#open()
  }

  #askProgress(): void {
    this.#progressWanted = false
    this.#call?.write({ progressRequest: {} })
  }
}

function changeOf(event: Event): Change {
  const kv = event.kv!
  const key = kv.key.toString('latin1')
  const modRevision = Number(kv.modRevision)
  return event.type === 'DELETE'
    ? { type: 'delete', key, modRevision }
    : { type: 'put', kv: { key, value: kv.value, modRevision } }
}

function revisionOf(change: Change): number {
  return change.type === 'put' ? change.kv.modRevision : change.modRevision
}
