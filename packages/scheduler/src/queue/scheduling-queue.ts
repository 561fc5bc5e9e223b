import type { Pod } from '@kemu/api'
import type { Clock, Timer } from '@kemu/base'
import { PodInfo } from '../cache/pod-info.ts'
import type { PreEnqueuePlugin, QueueOrder, RequeueEvent } from '../framework/interface.ts'
import { Heap } from './heap.ts'
import { concerns } from './requeue-events.ts'
import type { ClusterChange } from './requeue-events.ts'

/** A pod in the queue, with the story of its attempts. */
export interface QueuedPod extends QueueOrder {
  info: PodInfo
  attempts: number
  readonly firstAtMs: number
  queuedAtMs: number
  readonly priority: number
  /** Plugins that rejected the last attempt; an event must concern one of them. Empty after an error. */
  rejectedBy: ReadonlySet<string>
  /** The plugin whose PreEnqueue keeps the pod out. */
  gatedBy: string | undefined
  /** While in back-off: when it ends. */
  backoffUntilMs: number
  /** The last attempt ended in an error of ours or of the API, not in a no: its back-off is never cut short. */
  failed: boolean
  /** Attempts that count for the back-off: those that ended with a no or an error. */
  setbacks: number
}

export interface SchedulingQueueConfig {
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
  /** --pod-max-in-unschedulable-pods-duration: even an event that was missed brings the pod back after this. */
  readonly unschedulableMsMax: number
}

export interface SchedulingQueueDeps {
  readonly clock: Clock
  readonly compare: (a: QueueOrder, b: QueueOrder) => number
  readonly preEnqueue: readonly PreEnqueuePlugin[]
  /** The events that each plugin waits for; a plugin that is not in it is concerned by every event. */
  readonly eventsOf: ReadonlyMap<string, readonly RequeueEvent[]>
  /** A pod can be taken. */
  readonly onReady: () => void
}

const flushPeriodMs = 30_000

/**
 * Pods that wait for a node, in three rooms (upstream: PriorityQueue): active, ready to be tried; back-off, tried again
 * after a pause that doubles; unschedulable, until an event that could help or for five minutes.
 */
export class SchedulingQueue {
  readonly #config: SchedulingQueueConfig
  readonly #deps: SchedulingQueueDeps
  readonly #active: Heap<QueuedPod>
  readonly #backoff: Heap<QueuedPod>
  readonly #unschedulable = new Map<string, QueuedPod>()
  readonly #flush: Timer
  #backoffTimer: Timer | undefined

  constructor(config: SchedulingQueueConfig, deps: SchedulingQueueDeps) {
    this.#config = config
    this.#deps = deps
    const key = (pod: QueuedPod): string => pod.info.uid
    this.#active = new Heap(key, deps.compare)
    this.#backoff = new Heap(key, (a, b) => a.backoffUntilMs - b.backoffUntilMs)
    this.#flush = deps.clock.setPeriodic(flushPeriodMs, () => this.#flushUnschedulable())
  }

  get sizes(): { active: number; backoff: number; unschedulable: number; gated: number } {
    const waiting = [...this.#unschedulable.values()]
    const gated = waiting.filter((pod) => pod.gatedBy !== undefined).length
    return {
      active: this.#active.size,
      backoff: this.#backoff.size,
      unschedulable: waiting.length - gated,
      gated,
    }
  }

  add(pod: Pod): void {
    const nowMs = this.#deps.clock.monotonicMs()
    const info = new PodInfo(pod)
    this.#admit({
      info,
      attempts: 0,
      firstAtMs: nowMs,
      queuedAtMs: nowMs,
      priority: info.priority,
      rejectedBy: new Set(),
      gatedBy: undefined,
      backoffUntilMs: 0,
      failed: false,
      setbacks: 0,
    })
  }

  /** The pod changed while it waited. `change` tells what of it could matter; undefined: nothing did. */
  update(pod: Pod, change: ClusterChange | undefined): void {
    const uid = pod.metadata.uid
    const info = new PodInfo(pod)
    const waiting = this.#active.get(uid) ?? this.#backoff.get(uid)
    if (waiting) {
      waiting.info = info
      return
    }
    const resting = this.#unschedulable.get(uid)
    if (!resting) return
    resting.info = info
    if (resting.gatedBy !== undefined) {
      this.#unschedulable.delete(uid)
      this.#admit(resting)
    } else if (change && this.#canHelp(resting, change)) this.#release(resting)
  }

  delete(uid: string): void {
    this.#active.delete(uid)
    this.#backoff.delete(uid)
    this.#unschedulable.delete(uid)
  }

  has(uid: string): boolean {
    return this.#active.has(uid) || this.#backoff.has(uid) || this.#unschedulable.has(uid)
  }

  /**
   * The pod to try next. With nothing active, a pod in back-off is tried early: there is time to spare (upstream:
   * SchedulerPopFromBackoffQ).
   */
  pop(): QueuedPod | undefined {
    const pod = this.#active.pop() ?? this.#popBackoff()
    if (pod) pod.attempts += 1
    return pod
  }

  /** The attempt found no node: the pod rests until one of the plugins that said no hears good news. */
  returnUnschedulable(pod: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    pod.rejectedBy = rejectedBy
    pod.failed = false
    pod.setbacks += 1
    pod.queuedAtMs = this.#deps.clock.monotonicMs()
    this.#unschedulable.set(pod.info.uid, pod)
  }

  /** The attempt failed for a reason that is not the pod's: it is tried again after its back-off. */
  returnFailed(pod: QueuedPod): void {
    pod.rejectedBy = new Set()
    pod.failed = true
    pod.setbacks += 1
    pod.queuedAtMs = this.#deps.clock.monotonicMs()
    this.#pushBackoff(pod)
  }

  /** Brings back the resting pods that the change could help. */
  moveOn(change: ClusterChange): void {
    for (const pod of this.#unschedulable.values())
      if (pod.gatedBy === undefined && this.#canHelp(pod, change)) this.#release(pod)
  }

  close(): void {
    this.#flush.cancel()
    this.#backoffTimer?.cancel()
  }

  #admit(pod: QueuedPod): void {
    for (const plugin of this.#deps.preEnqueue) {
      if (!plugin.preEnqueue(pod.info)) continue
      pod.gatedBy = plugin.name
      this.#unschedulable.set(pod.info.uid, pod)
      return
    }
    pod.gatedBy = undefined
    this.#active.push(pod)
    this.#deps.onReady()
  }

  #release(pod: QueuedPod): void {
    this.#unschedulable.delete(pod.info.uid)
    const restedMs = this.#deps.clock.monotonicMs() - pod.queuedAtMs
    if (restedMs < this.#backoffMs(pod)) this.#pushBackoff(pod)
    else this.#admit(pod)
  }

  #canHelp(pod: QueuedPod, change: ClusterChange): boolean {
    if (pod.rejectedBy.size === 0) return true
    for (const plugin of pod.rejectedBy) {
      const events = this.#deps.eventsOf.get(plugin)
      if (!events) return true
      for (const { event, hint } of events)
        if (concerns(event, change) && (!hint || hint(pod.info, change))) return true
    }
    return false
  }

  #backoffMs(pod: QueuedPod): number {
    const { initialBackoffMs, maxBackoffMs } = this.#config
    if (pod.setbacks === 0) return 0
    return Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(30, pod.setbacks - 1))
  }

  #pushBackoff(pod: QueuedPod): void {
    pod.backoffUntilMs = pod.queuedAtMs + this.#backoffMs(pod)
    this.#backoff.push(pod)
    this.#armBackoff()
    if (!pod.failed && this.#active.size === 0) this.#deps.onReady()
  }

  #popBackoff(): QueuedPod | undefined {
    const candidates = this.#backoff.values().filter((pod) => !pod.failed)
    const best = candidates.reduce<QueuedPod | undefined>(
      (least, pod) => (least && this.#deps.compare(least, pod) <= 0 ? least : pod),
      undefined,
    )
    return best && this.#backoff.delete(best.info.uid)
  }

  /** One timer for the earliest end of a back-off. */
  #armBackoff(): void {
    this.#backoffTimer?.cancel()
    const next = this.#backoff.peek()
    if (!next) return
    const delayMs = Math.max(0, next.backoffUntilMs - this.#deps.clock.monotonicMs())
    this.#backoffTimer = this.#deps.clock.setTimer(delayMs, () => this.#endBackoffs())
  }

  #endBackoffs(): void {
    const nowMs = this.#deps.clock.monotonicMs()
    for (let pod = this.#backoff.peek(); pod && pod.backoffUntilMs <= nowMs;) {
      this.#backoff.pop()
      this.#admit(pod)
      pod = this.#backoff.peek()
    }
    this.#armBackoff()
  }

  #flushUnschedulable(): void {
    const nowMs = this.#deps.clock.monotonicMs()
    for (const pod of this.#unschedulable.values())
      if (pod.gatedBy === undefined && nowMs - pod.queuedAtMs > this.#config.unschedulableMsMax)
        this.#release(pod)
  }
}
