import type { Clock, Random, Timer } from '@kemu/base'
import { WatchCreateRequestFilterType, WatchResponse, WatchService } from '@kemu/rpc/etcd-codec'
import type { Event, WatchCreateRequest, WatchRequest } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { Authenticator } from '../auth/authenticator.ts'
import { etcdError } from '../errors.ts'
import type { Call, GrpcServer, StreamHandler } from '../grpc/server.ts'
import { GrpcError, statusName } from '../grpc/status.ts'
import type { Member } from '../member/member.ts'
import { storeErrors } from '../mvcc/errors.ts'
import { toTheEnd } from '../mvcc/key-range.ts'
import { isTombstone } from '../mvcc/version.ts'
import type { Revision, Version } from '../mvcc/version.ts'
import { Watcher } from '../mvcc/watch-hub.ts'
import type { WatchSink } from '../mvcc/watch-hub.ts'

export interface WatchConfig {
  readonly progressIntervalMs: number
  /** Answers to a watch with `fragment` are cut at about this size. */
  readonly requestBytesMax: number
}

export interface WatchDeps {
  readonly member: Member
  readonly clock: Clock
  readonly random: Random
  readonly authenticator: Authenticator
  readonly config: WatchConfig
}

/** The id in answers that belong to no watch, or to all of the stream. */
const noWatchId = -1
/** Past this a client does not keep up; its watches wait until it has taken all of it. */
const backlogBytesMax = 1 << 20

export function addWatch(server: GrpcServer, deps: WatchDeps): void {
  server.stream(WatchService.Watch, (call) => new WatchStream(call, deps))
}

interface WatchOptions {
  readonly prevKv: boolean
  readonly fragment: boolean
  readonly progressNotify: boolean
  /** Something was sent since the last look, so no progress need be told. */
  hasNews: boolean
}

/** One stream of the Watch service with all its watches. */
class WatchStream implements StreamHandler<WatchRequest>, WatchSink {
  readonly #call: Call<WatchResponse>
  readonly #deps: WatchDeps
  readonly #watchers = new Map<number, Watcher>()
  readonly #options = new Map<number, WatchOptions>()
  #nextId = 0
  #progressTimer: Timer | undefined
  /** A progress request that waits until every watch of the stream has caught up. */
  #isProgressDue = false
  readonly #forgetLeader: () => void

  constructor(call: Call<WatchResponse>, deps: WatchDeps) {
    this.#call = call
    this.#deps = deps
    const needsLeader = call.headers['hasleader'] === 'true'
    if (needsLeader && !deps.member.hasLeader) call.fail(etcdError('noLeader'))
    this.#forgetLeader = needsLeader
      ? deps.member.onLeader((hasLeader) => !hasLeader && this.#abort(etcdError('noLeader')))
      : () => {}
  }

  get isReady(): boolean {
    return this.#call.backlogBytes < backlogBytesMax
  }

  onMessage(request: WatchRequest): void {
    if (this.#call.isDone) return
    if (request.createRequest) this.#create(request.createRequest)
    else if (request.cancelRequest) this.#cancel(request.cancelRequest.watchId)
    else if (request.progressRequest) {
      this.#isProgressDue = true
      this.#tellProgress()
    }
  }

  /** Who has said everything goes on watching, as with etcd; a watch ends when its client goes. */
  onEnd(): void {}

  onAbort(): void {
    this.#close()
  }

  onDrain(): void {
    if (!this.isReady) return
    for (const watcher of Array.from(this.#watchers.values())) {
      if (!watcher.isSynced) this.#deps.member.hub.resume(watcher)
    }
    this.#tellProgress()
  }

  onEvents(watcher: Watcher, versions: readonly Version[]): void {
    const options = this.#options.get(watcher.id)!
    options.hasNews = true
    const events = versions.map((version) => eventOf(version, options.prevKv))
    const header = this.#deps.member.header()
    if (!options.fragment) return this.#call.write({ header, watchId: watcher.id, events })
    const pieces = fragments(versions, events, this.#deps.config.requestBytesMax)
    pieces.forEach((piece, i) => {
      const fragment = i < pieces.length - 1
      this.#call.write({ header, watchId: watcher.id, events: piece, fragment })
    })
  }

  onCompacted(watcher: Watcher, compactRevision: Revision): void {
    this.#forget(watcher.id)
    this.#call.write({
      header: this.#deps.member.header(),
      watchId: watcher.id,
      canceled: true,
      compactRevision,
    })
  }

  #create(request: WatchCreateRequest): void {
    const { member } = this.#deps
    const refuse = (cancelReason: string): void =>
      this.#call.write({
        header: member.header(),
        watchId: noWatchId,
        created: true,
        canceled: true,
        cancelReason,
      })
    if (request.startRevision < 0) return refuse(storeErrors.compacted().message)
    if (request.watchId !== 0 && this.#watchers.has(request.watchId)) {
      return refuse('mvcc: duplicate watch ID provided on the WatchStream')
    }
    // An empty key with no end is the smallest key; with `\\0` as the end it is everything.
    const key = request.key === '' ? '\0' : request.key
    if (isEmptyRange(key, request.rangeEnd)) return refuse('mvcc: watcher range is empty')
    const denied = this.#whyDenied(key, request.rangeEnd)
    if (denied !== undefined) return refuse(denied)
    const { revision } = member.state.store
    const next = request.startRevision > 0 ? request.startRevision : revision + 1
    const id = request.watchId === 0 ? this.#freeId() : request.watchId
    const has = (filter: number): boolean => request.filters.includes(filter)
    const spec = {
      key,
      rangeEnd: request.rangeEnd,
      noPut: has(WatchCreateRequestFilterType.NOPUT),
      noDelete: has(WatchCreateRequestFilterType.NODELETE),
    }
    const watcher = new Watcher(id, spec, this, next)
    const { prevKv, fragment, progressNotify } = request
    this.#watchers.set(id, watcher)
    this.#options.set(id, { prevKv, fragment, progressNotify, hasNews: true })
    if (progressNotify) this.#startProgress()
    this.#call.write({ header: member.header(), watchId: id, created: true })
    member.hub.add(watcher)
  }

  #whyDenied(key: string, rangeEnd: string): string | undefined {
    const { member, authenticator } = this.#deps
    try {
      member.state.auth.check(authenticator.identify(this.#call), 'read', key, rangeEnd)
      return undefined
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error
      return `rpc error: code = ${statusName(error.code)} desc = ${error.message}`
    }
  }

  #cancel(id: number): void {
    const watcher = this.#watchers.get(id)
    if (!watcher) return
    this.#deps.member.hub.remove(watcher)
    this.#forget(id)
    this.#call.write({ header: this.#deps.member.header(), watchId: id, canceled: true })
    this.#tellProgress()
  }

  #forget(id: number): void {
    this.#watchers.delete(id)
    this.#options.delete(id)
  }

  #freeId(): number {
    while (this.#watchers.has(this.#nextId)) this.#nextId += 1
    return this.#nextId++
  }

  /** Everything up to the header's revision was sent on this stream. */
  #tellProgress(): void {
    if (!this.#isProgressDue || [...this.#watchers.values()].some((w) => !w.isSynced)) return
    this.#isProgressDue = false
    this.#call.write({ header: this.#deps.member.header(), watchId: noWatchId })
  }

  #startProgress(): void {
    if (this.#progressTimer) return
    const { clock, random, config } = this.#deps
    // Streams that were opened together do not all speak at once (etcd adds up to a tenth).
    const periodMs = config.progressIntervalMs * (1 + random.next() / 10)
    this.#progressTimer = clock.setPeriodic(periodMs, () => {
      for (const [id, options] of this.#options) {
        const isQuiet = options.progressNotify && !options.hasNews
        options.hasNews = false
        if (isQuiet && this.#watchers.get(id)?.isSynced) {
          this.#call.write({ header: this.#deps.member.header(), watchId: id })
        }
      }
    })
  }

  #abort(error: Error): void {
    this.#close()
    this.#call.fail(error)
  }

  #close(): void {
    this.#progressTimer?.cancel()
    this.#forgetLeader()
    for (const watcher of this.#watchers.values()) this.#deps.member.hub.remove(watcher)
    this.#watchers.clear()
    this.#options.clear()
  }
}

function isEmptyRange(key: string, rangeEnd: string): boolean {
  return rangeEnd !== '' && rangeEnd !== toTheEnd && rangeEnd <= key
}

const deleteType = 1

/** The version itself serves as the key-value of a put; a deletion shows its key and revision. */
function eventOf(version: Version, withPrevious: boolean): Init<Event> {
  const { previous } = version
  const prevKv = withPrevious && previous && !isTombstone(previous) ? previous : undefined
  return isTombstone(version) ? { type: deleteType, kv: version, prevKv } : { kv: version, prevKv }
}

const eventOverheadBytes = 48

function fragments(
  versions: readonly Version[],
  events: readonly Init<Event>[],
  bytesMax: number,
): Init<Event>[][] {
  const pieces: Init<Event>[][] = [[]]
  let bytes = 0
  versions.forEach((version, i) => {
    const { prevKv } = events[i]!
    const size =
      version.key.length * 2 +
      version.value.length +
      (prevKv?.value?.length ?? 0) +
      eventOverheadBytes
    if (bytes > 0 && bytes + size > bytesMax) {
      pieces.push([])
      bytes = 0
    }
    pieces.at(-1)!.push(events[i]!)
    bytes += size
  })
  return pieces
}
