import { isConflict, isNotFound, objectKey } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import { AssertionError, unreachable } from '@kemu/base'
import type { Clock, Logger, MetricsRegistry } from '@kemu/base'
import { WorkQueue } from '@kemu/client'
import type { Informer } from '@kemu/client'
import { namespaceTerminates } from './objects/namespace-state.ts'
import { QueueMetrics } from './queue-metrics.ts'
import { TerminalError } from './reconciler.ts'
import type { Reconcile, Result } from './reconciler.ts'

export interface ControllerDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: MetricsRegistry
}

/** A cache that must have its first list before work starts: an Informer. */
export interface Source {
  readonly synced: Promise<void>
}

export interface ControllerConfig {
  /** The queue's name in metrics and logs, as upstream calls it. */
  readonly name: string
  readonly reconcile: Reconcile
  /** Keys worked on at once. Upstream runs 5 for most controllers; reconciles wait on the API, so 16 is the default. */
  readonly workers?: number
  readonly sources?: readonly Source[]
  readonly failureMsMin?: number
  readonly failureMsMax?: number
}

/** Anything that is started once and stopped once; what a controller manager holds. */
export interface Runnable {
  start(): Promise<void>
  close(): Promise<void>
}

/** A queue of keys and the workers that reconcile them. Handlers of informers only call `enqueue`. */
export class Controller implements Runnable {
  readonly #config: ControllerConfig
  readonly #logger: Logger
  readonly #queue: WorkQueue<string>
  readonly #metrics: QueueMetrics
  readonly #workers: Promise<void>[] = []
  #closed = false

  constructor(config: ControllerConfig, { clock, logger, metrics }: ControllerDeps) {
    this.#config = config
    this.#logger = logger.child({ controller: config.name })
    this.#metrics = new QueueMetrics(config.name, metrics, clock)
    const { failureMsMin, failureMsMax } = config
    this.#queue = new WorkQueue(clock, {
      onAdd: (key) => this.#metrics.added(key),
      ...(failureMsMin !== undefined && { failureMsMin }),
      ...(failureMsMax !== undefined && { failureMsMax }),
    })
  }

  /** Asks for a reconcile of the key as soon as a worker is free. */
  enqueue(key: string): void {
    this.#queue.add(key)
  }

  /** Asks for a reconcile when the delay is over; an earlier appointment stands. */
  enqueueAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs)
  }

  /** Asks for a reconcile of each object that comes or changes; with `removals`, of each that goes too. */
  follow<T extends KubeObject>(
    informer: Pick<Informer<T>, 'addHandler'>,
    { removals = false } = {},
  ): void {
    const enqueue = (object: T): void => this.enqueue(objectKey(object))
    informer.addHandler({
      add: enqueue,
      update: (_, object) => enqueue(object),
      ...(removals && { remove: enqueue }),
    })
  }

  /** How often in a row the key has failed. */
  failuresOf(key: string): number {
    return this.#queue.failuresOf(key)
  }

  /** Resolves when the sources have synced and the workers run. */
  async start(): Promise<void> {
    await Promise.all((this.#config.sources ?? []).map((source) => source.synced))
    if (this.#closed) return
    for (let i = 0; i < (this.#config.workers ?? 16); i++) this.#workers.push(this.#work())
  }

  /** Takes no more keys; resolves when the reconciles in progress have ended. */
  async close(): Promise<void> {
    this.#closed = true
    this.#queue.close()
    await Promise.all(this.#workers)
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take()
      if (key === undefined) return
      this.#metrics.started(key)
      try {
        this.#settle(key, await this.#config.reconcile(key))
      } catch (error) {
        this.#fail(key, error)
      } finally {
        this.#metrics.finished(key)
        this.#queue.done(key)
      }
    }
  }

  #settle(key: string, result: Result): void {
    this.#queue.forget(key)
    switch (result.kind) {
      case 'done':
        return
      case 'requeueAfter':
        this.#queue.addAfter(key, result.ms)
        return
      default:
        unreachable(result)
    }
  }

  #fail(key: string, error: unknown): void {
    if (error instanceof AssertionError || error instanceof TypeError) throw error
    const err = error as Error
    if (error instanceof TerminalError) {
      this.#queue.forget(key)
      this.#logger.error('Reconcile failed for good', { key, err })
      return
    }
    // A conflict is the ordinary fate of a write from a cache; the next event brings the newer object.
    // So is an object that went away meanwhile, and a namespace on its way out.
    if (isConflict(error) || isNotFound(error) || namespaceTerminates(error))
      this.#logger.debug('Reconcile met a newer world', { key, err })
    else if (!this.#closed) this.#logger.warn('Reconcile failed, trying again', { key, err })
    this.#metrics.retried()
    this.#queue.addRateLimited(key)
  }
}

/** A controller of one queue: it starts and stops with it. */
export abstract class OneQueueController implements Runnable {
  protected abstract readonly controller: Controller

  start(): Promise<void> {
    return this.controller.start()
  }

  close(): Promise<void> {
    return this.controller.close()
  }
}
