import type { Pod } from '@kemu/api'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import type { PodIdentity } from '../cri/observed-pod.ts'
import type { PodEnd } from '../status/generate-pod-status.ts'
import { isTerminal } from '../sync/pod-spec.ts'

/** What one round of work on a running pod came to. */
export type SyncOutcome =
  | { readonly kind: 'done' }
  /** Another round is due then, if nothing happens before. */
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly message: string; readonly afterMs?: number }
  /** The pod ran its course. */
  | { readonly kind: 'over' }

/** How a pod is to be ended, apart from what its own object says. */
export interface PodKill {
  readonly graceSeconds?: number
  /** The node's reason, shown in the status. */
  readonly end?: PodEnd
}

/** The three kinds of work on a pod; each may be called again after it threw. */
export interface PodWork {
  sync(pod: Pod): Promise<SyncOutcome>
  /** Resolves when no container runs any more. */
  terminate(identity: PodIdentity, pod: Pod | undefined, kill: PodKill): Promise<void>
  /** Resolves when nothing of the pod is left but its containers' remains. */
  cleanUp(identity: PodIdentity, pod: Pod | undefined): Promise<void>
}

export interface PodWorkerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly work: PodWork
  /** Between rounds of a quiet pod (syncFrequency). */
  readonly syncMs: number
  readonly finished: (worker: PodWorker) => void
}

export type PodWorkerState = 'syncing' | 'terminating' | 'terminated' | 'finished'

/** backOffPeriod: after a round that failed. */
const retryMs = 10_000

/**
 * One pod's life on this node: synced until it must end, then terminated, then cleaned up, never
 * back. Rounds never overlap; news that come during a round make one more. Upstream counterpart:
 * podWorkers.
 */
export class PodWorker {
  readonly identity: PodIdentity
  readonly #deps: PodWorkerDeps
  #state: PodWorkerState = 'syncing'
  #pod: Pod | undefined
  #kill: PodKill | undefined
  #running = false
  #dirty = false
  #timer: Timer | undefined
  #closed = false

  /** Without a pod it ends containers whose pod nobody knows any more. */
  constructor(deps: PodWorkerDeps, identity: PodIdentity, pod: Pod | undefined) {
    this.#deps = deps
    this.identity = identity
    this.#pod = pod
    if (!pod) this.#kill = {}
  }

  get state(): PodWorkerState {
    return this.#state
  }

  get pod(): Pod | undefined {
    return this.#pod
  }

  /** It was told to end, or is past that. */
  get isEnding(): boolean {
    return this.#state !== 'syncing' || this.#mustEnd()
  }

  get end(): PodEnd | undefined {
    return this.#kill?.end
  }

  update(pod: Pod): void {
    const shortens = graceOf(pod, this.#kill) < graceOf(this.#pod, this.#kill)
    this.#pod = pod
    if (this.#state === 'terminating' && shortens) this.#hurry()
    this.wake()
  }

  kill(kill: PodKill): void {
    const before = graceOf(this.#pod, this.#kill)
    this.#kill = {
      ...this.#kill,
      ...kill,
      ...(this.#kill?.graceSeconds !== undefined &&
        kill.graceSeconds !== undefined && {
          graceSeconds: Math.min(this.#kill.graceSeconds, kill.graceSeconds),
        }),
    }
    if (this.#state === 'terminating' && graceOf(this.#pod, this.#kill) < before) this.#hurry()
    this.wake()
  }

  /** Something happened: do a round now, or one more after the running one. */
  wake(): void {
    if (this.#closed || this.#state === 'finished') return
    this.#dirty = true
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#running) void this.#run()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#dirty && !this.#closed) {
      this.#dirty = false
      const waitMs = await this.#round()
      if (this.#dirty || waitMs === undefined) continue
      this.#timer = this.#deps.clock.setTimer(waitMs, () => this.wake())
    }
    this.#running = false
  }

  /** How long to wait for the next round; undefined when none is due by time. */
  async #round(): Promise<number | undefined> {
    const { logger, random } = this.#deps
    const startedIn = this.#state
    try {
      return await this.#step()
    } catch (error) {
      if (this.#closed) return undefined
      logger.error('Error syncing pod, skipping', {
        pod: this.identity.name,
        state: startedIn,
        err: error as Error,
      })
      return startedIn === 'syncing' ? retryMs * (1 + 0.5 * random.next()) : 1000
    }
  }

  async #step(): Promise<number | undefined> {
    const { work, finished } = this.#deps
    if (this.#state === 'syncing' && this.#mustEnd()) this.#state = 'terminating'
    switch (this.#state) {
      case 'syncing':
        return this.#afterSync(await work.sync(this.#pod!))
      case 'terminating':
        await work.terminate(this.identity, this.#pod, this.#kill ?? {})
        this.#state = 'terminated'
        this.#dirty = true
        return undefined
      case 'terminated':
        await work.cleanUp(this.identity, this.#pod)
        this.#state = 'finished'
        finished(this)
        return undefined
      case 'finished':
        return undefined
    }
  }

  #afterSync(outcome: SyncOutcome): number | undefined {
    const { random, syncMs, logger } = this.#deps
    switch (outcome.kind) {
      case 'over':
        this.#state = 'terminating'
        this.#dirty = true
        return undefined
      case 'done':
        return syncMs * (1 + 0.5 * random.next())
      case 'again':
        return outcome.afterMs
      case 'failed':
        logger.warn('Error syncing pod', { pod: this.identity.name, reason: outcome.message })
        return outcome.afterMs ?? retryMs * (1 + 0.5 * random.next())
    }
  }

  #mustEnd(): boolean {
    const pod = this.#pod
    if (this.#kill || !pod) return true
    return pod.metadata.deletionTimestamp !== undefined || isTerminal(pod.status?.phase)
  }

  /**
   * A running termination waits for a longer grace than there is now: another one cuts it short.
   */
  #hurry(): void {
    const { work, logger } = this.#deps
    work.terminate(this.identity, this.#pod, this.#kill ?? {}).catch((error: unknown) => {
      logger.warn('Faster end failed', { pod: this.identity.name, err: error as Error })
    })
  }
}

function graceOf(pod: Pod | undefined, kill: PodKill | undefined): number {
  return (
    kill?.graceSeconds ??
    pod?.metadata.deletionGracePeriodSeconds ??
    pod?.spec.terminationGracePeriodSeconds ??
    Number.POSITIVE_INFINITY
  )
}
