import { events, formatTime } from '@kemu/api'
import type { Event, KubeObject, ObjectReference } from '@kemu/api'
import type { Clock, Logger } from '@kemu/base'
import type { Client } from './client.ts'
import { eventName, referenceTo } from './event-name.ts'

export type EventType = 'Normal' | 'Warning'

export interface EventSource {
  readonly component: string
  /** The node, for events of a node's agents. */
  readonly host?: string
}

export interface EventRecorderDeps {
  readonly client: Client
  readonly clock: Clock
  readonly logger: Logger
}

/** Tells people what happened to an object. Never waits and never throws: a lost event is only logged. */
export interface EventRecorder {
  record(
    object: KubeObject | ObjectReference,
    type: EventType,
    reason: string,
    message: string,
  ): void
}

/**
 * From so many on, similar events become one "(combined from similar events)", until none comes for this long
 * (client-go).
 */
const aggregateGapMs = 10 * 60_000
const aggregateLimit = 10
/** Token bucket for each source and object: 25 at once, then one in five minutes (client-go spam filter). */
const burst = 25
const refillMs = 5 * 60_000
/** How many correlations are remembered. */
const memory = 4096

interface Seen {
  event: Event
  count: number
}

/** Writes core/v1 Events: repeats are counted in one object, floods are combined and then dropped. */
export class ApiEventRecorder implements EventRecorder {
  readonly #source: EventSource
  readonly #deps: EventRecorderDeps
  readonly #seen = new Map<string, Seen>()
  readonly #groups = new Map<string, { messages: Set<string>; lastMs: number }>()
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()
  #tail: Promise<void> = Promise.resolve()
  #pending = 0

  constructor(source: EventSource, deps: EventRecorderDeps) {
    this.#source = source
    this.#deps = deps
  }

  record(
    object: KubeObject | ObjectReference,
    type: EventType,
    reason: string,
    message: string,
  ): void {
    if (this.#pending >= 1000) return
    this.#pending += 1
    const involved = referenceTo(object)
    const atMs = this.#deps.clock.now()
    this.#tail = this.#tail
      .then(() => this.#write(involved, type, reason, message, atMs))
      .catch((error: unknown) =>
        this.#deps.logger.warn('Event was not recorded', { reason, err: error as Error }),
      )
      .finally(() => (this.#pending -= 1))
  }

  /** Resolves when everything recorded so far was written or given up. */
  flush(): Promise<void> {
    return this.#tail
  }

  async #write(
    involved: ObjectReference,
    type: EventType,
    reason: string,
    text: string,
    atMs: number,
  ): Promise<void> {
    if (!this.#allowed(involved, atMs)) return
    const message = this.#aggregate(involved, type, reason, text, atMs)
    const key = [
      refKey(involved),
      type,
      reason,
      message.startsWith(combinedPrefix) ? combinedPrefix : message,
    ].join('|')
    const seen = this.#seen.get(key)
    const resource = this.#deps.client.resource(events, involved.namespace || 'default')
    const now = formatTime(atMs)
    if (seen) {
      const count = seen.count + 1
      const patch = { count, lastTimestamp: now, message }
      const patched = await resource
        .patch(seen.event.metadata.name, 'strategic', patch)
        .catch(() => undefined)
      if (patched) {
        remember(this.#seen, key, { event: patched, count })
        return
      }
    }
    const event = await resource.create({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: eventName(involved.name ?? '', atMs),
        namespace: involved.namespace || 'default',
      },
      involvedObject: involved,
      type,
      reason,
      message,
      source: this.#source,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: this.#source.component,
      reportingInstance: this.#source.host ?? '',
    })
    remember(this.#seen, key, { event, count: 1 })
  }

  #allowed(involved: ObjectReference, atMs: number): boolean {
    const key = refKey(involved)
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs }
    const tokens = Math.min(burst, bucket.tokens + (atMs - bucket.atMs) / refillMs)
    const isAllowed = tokens >= 1
    // What is refused costs nothing, or an object that never rests would never be heard again.
    remember(this.#buckets, key, { tokens: isAllowed ? tokens - 1 : tokens, atMs })
    return isAllowed
  }

  #aggregate(
    involved: ObjectReference,
    type: EventType,
    reason: string,
    message: string,
    atMs: number,
  ): string {
    const key = [refKey(involved), type, reason].join('|')
    const known = this.#groups.get(key)
    const isOver = !known || atMs - known.lastMs > aggregateGapMs
    const messages = isOver ? new Set<string>() : known.messages
    if (messages.size < aggregateLimit) messages.add(message)
    remember(this.#groups, key, { messages, lastMs: atMs })
    return messages.size >= aggregateLimit ? `${combinedPrefix}${message}` : message
  }
}

const combinedPrefix = '(combined from similar events): '

function refKey(ref: ObjectReference): string {
  return [ref.kind, ref.namespace, ref.name, ref.uid, ref.apiVersion, ref.fieldPath].join('/')
}

/** Puts the entry last; forgets the oldest past the limit. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > memory) map.delete(map.keys().next().value!)
}
