import { eventsEvents, formatMicroTime, isAlreadyExists, isNotFound } from '@kemu/api'
import type { Draft, EventsEvent, KubeObject } from '@kemu/api'
import { eventName, referenceTo } from './event-name.ts'
import type { EventRecorderDeps, EventType } from './event-recorder.ts'

/** One thing that happened, in the words of events.k8s.io. */
export interface ActionEvent {
  readonly regarding: KubeObject
  /** The other party: who preempted the pod. */
  readonly related?: KubeObject
  readonly type: EventType
  readonly reason: string
  /** What was being done: `Binding`. */
  readonly action: string
  readonly note: string
}

/** Tells people what happened, and while doing what. Never waits and never throws: a lost event is only logged. */
export interface ActionEventRecorder {
  record(event: ActionEvent): void
}

/** Who reports: `default-scheduler` and `default-scheduler-master`. */
export interface EventReporter {
  readonly controller: string
  readonly instance: string
}

interface Series {
  readonly event: Draft<EventsEvent>
  count: number
  lastMs: number
}

/** client-go's finishTime: what was silent for so long starts anew. */
const finishMs = 6 * 60_000
/** client-go's maxQueuedEvents. */
const maxQueued = 1000

/**
 * Writes events.k8s.io/v1 Events, as client-go's tools/events does: the second of its like makes the first a series,
 * further ones are counted here, and the count is written when the series has ended and something is recorded again.
 */
export class SeriesEventRecorder implements ActionEventRecorder {
  readonly #reporter: EventReporter
  readonly #deps: EventRecorderDeps
  readonly #series = new Map<string, Series>()
  #tail: Promise<void> = Promise.resolve()
  #queued = 0

  constructor(reporter: EventReporter, deps: EventRecorderDeps) {
    this.#reporter = reporter
    this.#deps = deps
  }

  record(event: ActionEvent): void {
    if (this.#queued >= maxQueued) return
    const atMs = this.#deps.clock.now()
    const made = this.#make(event, atMs)
    this.#finish(atMs)
    const { type, action, reason, regarding, related } = made
    const key = JSON.stringify([type, action, reason, regarding, related])
    const series = this.#series.get(key)
    if (!series) {
      this.#series.set(key, { event: made, count: 1, lastMs: atMs })
      return this.#enqueue(() => this.#create(made))
    }
    series.count += 1
    series.lastMs = atMs
    // Only the second is written at once: count 2 says that there is a series.
    if (series.count === 2) {
      const second = { ...series }
      this.#enqueue(() => this.#patch(second))
    }
  }

  /** Resolves when everything recorded so far was written or given up. */
  flush(): Promise<void> {
    return this.#tail
  }

  #make({ regarding, related, note, ...rest }: ActionEvent, atMs: number): Draft<EventsEvent> {
    const reference = referenceTo(regarding)
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        name: eventName(reference.name ?? '', atMs),
        namespace: reference.namespace || 'default',
      },
      eventTime: formatMicroTime(atMs),
      reportingController: this.#reporter.controller,
      reportingInstance: this.#reporter.instance,
      ...rest,
      note,
      regarding: reference,
      ...(related && { related: referenceTo(related) }),
    }
  }

  #finish(nowMs: number): void {
    for (const [key, series] of this.#series) {
      if (nowMs - series.lastMs < finishMs) continue
      this.#series.delete(key)
      if (series.count > 2) this.#enqueue(() => this.#patch(series))
    }
  }

  async #create(event: Draft<EventsEvent>): Promise<void> {
    const resource = this.#deps.client.resource(eventsEvents, event.metadata.namespace)
    await resource.create(event).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  }

  async #patch({ event, count, lastMs }: Series): Promise<void> {
    const { name, namespace } = event.metadata
    const series = { count, lastObservedTime: formatMicroTime(lastMs) }
    const resource = this.#deps.client.resource(eventsEvents, namespace)
    try {
      await resource.patch(name!, 'strategic', { series })
    } catch (error) {
      if (!isNotFound(error)) throw error
      await this.#create({ ...event, series })
    }
  }

  #enqueue(write: () => Promise<void>): void {
    this.#queued += 1
    this.#tail = this.#tail
      .then(write)
      .catch((error: unknown) =>
        this.#deps.logger.warn('Event was not recorded', { err: error as Error }),
      )
      .finally(() => (this.#queued -= 1))
  }
}
