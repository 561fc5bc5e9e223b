import { sleep } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { ContainerEventResponse } from '@kemu/rpc/cri'
import { isCriUnimplemented } from './cri/cri-error.ts'
import type { Cri } from './cri/cri.ts'
import { identityOf } from './cri/observed-pod.ts'
import type { ObservedPod, PodIdentity } from './cri/observed-pod.ts'
import { listedSignature, nothingObserved } from './cri/pod-observer.ts'
import type { PodObserver } from './cri/pod-observer.ts'

export interface PlegDeps {
  readonly cri: Cri
  readonly observer: PodObserver
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export interface PlegConfig {
  /** Safety net while the runtime sends events (eventedPlegRelistPeriod, 300 s). */
  readonly relistMs: number
  /** With a runtime that sends none (genericPlegRelistPeriod, 1 s). */
  readonly relistWithoutEventsMs: number
}

export const plegDefaults: PlegConfig = { relistMs: 300_000, relistWithoutEventsMs: 1_000 }

/** Told that a pod's containers or sandboxes are not as they were last observed. */
export type PodChanged = (pod: ObservedPod) => void

interface Flight {
  readonly current: Promise<ObservedPod>
  next: Promise<ObservedPod> | undefined
}

const reconnectMsMin = 50
const reconnectMsMax = 1_000

/**
 * The pod lifecycle event generator: keeps the last observation of every pod and tells of changes
 * that nobody here made. A container event only points at a pod; the state itself is asked for, so
 * events may be lost, late or doubled. After a gap in the events (the runtime was away) everything
 * is listed once.
 */
export class Pleg {
  readonly #deps: PlegDeps
  readonly #config: PlegConfig
  readonly #changed: PodChanged
  readonly #pods = new Map<string, ObservedPod>()
  readonly #flights = new Map<string, Flight>()
  readonly #held = new Set<string>()
  readonly #marked = new Set<string>()
  readonly #stop = new AbortController()
  #lastRelistAtMs = 0
  #healthy = false
  #running: Promise<void> | undefined

  constructor(deps: PlegDeps, config: PlegConfig, changed: PodChanged) {
    this.#deps = deps
    this.#config = config
    this.#changed = changed
  }

  /**
   * The first list must succeed before pods are worked on, else running ones would be started
   * twice.
   */
  async start(): Promise<void> {
    await this.relist()
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** When the runtime last answered a whole list, on the wall clock; 0 before the first. */
  get lastRelistAtMs(): number {
    return this.#lastRelistAtMs
  }

  get healthy(): boolean {
    return this.#healthy
  }

  get pods(): readonly ObservedPod[] {
    return [...this.#pods.values()]
  }

  get(uid: string): ObservedPod | undefined {
    return this.#pods.get(uid)
  }

  /**
   * Asks the runtime for this pod's present state. The answer is newer than the call; calls that
   * come while one is asked share the next.
   */
  observe(identity: PodIdentity): Promise<ObservedPod> {
    const flight = this.#flights.get(identity.uid)
    if (!flight) return this.#fly(identity)
    flight.next ??= flight.current.catch(() => undefined).then(() => this.#fly(identity))
    return flight.next
  }

  /**
   * While a worker acts on a pod, its own doings need not be told back to it: events only leave a
   * mark. The returned release looks again if something happened after the worker's last
   * observation began.
   */
  hold(identity: PodIdentity): () => void {
    this.#held.add(identity.uid)
    return () => {
      this.#held.delete(identity.uid)
      if (this.#marked.has(identity.uid)) this.#look(identity)
    }
  }

  async relist(): Promise<void> {
    const { observer, clock, logger } = this.#deps
    const listed = await observer.list()
    for (const [uid, pod] of listed) {
      const known = this.#pods.get(uid)
      if (!known || listedSignature(known) !== pod.signature) await this.#lookNow(pod)
    }
    for (const [uid, known] of this.#pods) {
      if (listed.has(uid)) continue
      this.#pods.delete(uid)
      if (known.sandboxes.length + known.containers.length > 0)
        this.#changed(nothingObserved(known))
    }
    this.#lastRelistAtMs = clock.now()
    if (!this.#healthy) logger.debug('Runtime answers lists', { pods: listed.size })
    this.#healthy = true
  }

  #fly(identity: PodIdentity): Promise<ObservedPod> {
    const flight: Flight = { current: this.#observeOnce(identity), next: undefined }
    this.#flights.set(identity.uid, flight)
    const land = (): void => {
      if (!flight.next && this.#flights.get(identity.uid) === flight)
        this.#flights.delete(identity.uid)
    }
    flight.current.then(land, land)
    return flight.current
  }

  async #observeOnce(identity: PodIdentity): Promise<ObservedPod> {
    this.#marked.delete(identity.uid)
    const pod = await this.#deps.observer.observe(identity, this.#pods.get(identity.uid))
    if (pod.sandboxes.length + pod.containers.length === 0) this.#pods.delete(pod.uid)
    else this.#pods.set(pod.uid, pod)
    return pod
  }

  /** Observes, and tells when the state differs from what was known. */
  #look(identity: PodIdentity): void {
    this.#lookNow(identity).catch((error: unknown) => {
      this.#deps.logger.warn('Pod could not be observed', {
        pod: identity.name,
        err: error as Error,
      })
      // Nothing else would come back to this pod before the next list.
      this.#healthy = false
    })
  }

  async #lookNow(identity: PodIdentity): Promise<void> {
    const known = this.#pods.get(identity.uid)
    const before = known ? listedSignature(known) : ''
    const pod = await this.observe(identity)
    if (listedSignature(pod) !== before) this.#changed(pod)
  }

  #onEvent(event: ContainerEventResponse): void {
    const identity =
      identityOf(event.podSandboxStatus?.labels ?? {}) ?? this.#ownerOf(event.containerId)
    if (!identity) return
    if (this.#held.has(identity.uid)) this.#marked.add(identity.uid)
    else this.#look(identity)
  }

  #ownerOf(containerId: string): PodIdentity | undefined {
    const holds = ({ id }: { id: string }): boolean => id === containerId
    for (const pod of this.#pods.values())
      if (pod.containers.some(holds) || pod.sandboxes.some(holds)) return pod
    return undefined
  }

  async #run(): Promise<void> {
    await Promise.all([this.#followEvents(), this.#relistPeriodically()])
  }

  #sendsEvents = true

  async #followEvents(): Promise<void> {
    const { clock, logger } = this.#deps
    const { signal } = this.#stop
    let delayMs = reconnectMsMin
    while (!signal.aborted) {
      try {
        for await (const event of this.#deps.cri.events(signal)) {
          delayMs = reconnectMsMin
          this.#onEvent(event)
        }
      } catch (error) {
        if (isCriUnimplemented(error)) {
          logger.info('Runtime sends no container events, listing each second instead')
          this.#sendsEvents = false
          this.#wakeRelist?.()
          return
        }
        if (!signal.aborted)
          logger.warn('Container events broke off', { err: error as Error, delayMs })
        this.#healthy = false
      }
      await sleep(clock, delayMs, signal)
      delayMs = Math.min(reconnectMsMax, delayMs * 2)
      // What happened while nobody listened.
      await this.#tryRelist()
    }
  }

  #wakeRelist: (() => void) | undefined

  async #relistPeriodically(): Promise<void> {
    const { clock, random } = this.#deps
    while (!this.#stop.signal.aborted) {
      const { relistMs, relistWithoutEventsMs } = this.#config
      const wait = this.#sendsEvents ? relistMs * (1 + 0.1 * random.next()) : relistWithoutEventsMs
      const woken = new AbortController()
      this.#wakeRelist = () => woken.abort()
      await sleep(clock, wait, AbortSignal.any([this.#stop.signal, woken.signal]))
      if (!this.#stop.signal.aborted) await this.#tryRelist()
    }
  }

  async #tryRelist(): Promise<void> {
    if (this.#stop.signal.aborted) return
    try {
      await this.relist()
    } catch (error) {
      this.#healthy = false
      this.#deps.logger.warn('Runtime does not answer', { err: error as Error })
    }
  }
}
