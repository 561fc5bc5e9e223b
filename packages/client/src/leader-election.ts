import {
  formatMicroTime,
  isAlreadyExists,
  isConflict,
  isNotFound,
  leases,
  parseTime,
} from '@kemu/api'
import type { Lease } from '@kemu/api'
import { sleep } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { Client } from './client.ts'

/** Defaults of --leader-elect-lease-duration, -renew-deadline and -retry-period. */
export interface LeaderElectionConfig {
  readonly namespace: string
  readonly name: string
  readonly identity: string
  readonly leaseDurationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryPeriodMs?: number
}

export interface LeaderElectionDeps {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * One leader among several processes by a Lease object (client-go tools/leaderelection). A candidate compares the
 * holder's record with what it saw before on its own clock; it never trusts the holder's timestamps.
 */
export class LeaderElector {
  readonly #config: Required<LeaderElectionConfig>
  readonly #deps: LeaderElectionDeps
  readonly #stop = new AbortController()
  #observed: { record: string; atMs: number } | undefined
  #lease: Lease | undefined

  constructor(config: LeaderElectionConfig, deps: LeaderElectionDeps) {
    this.#config = {
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      ...config,
    }
    this.#deps = deps
  }

  /** Resolves when this process leads; false when closed before. */
  async acquire(): Promise<boolean> {
    while (!this.#stop.signal.aborted) {
      if (await this.#tryAcquireOrRenew()) return true
      const pauseMs = this.#config.retryPeriodMs * (1 + 0.2 * this.#deps.random.next())
      await sleep(this.#deps.clock, pauseMs, this.#stop.signal)
    }
    return false
  }

  /** Keeps the lease; resolves when it was lost or this elector was closed. The caller must stop leading then. */
  async hold(): Promise<void> {
    const { clock } = this.#deps
    let deadlineMs = clock.monotonicMs() + this.#config.renewDeadlineMs
    while (await sleep(clock, this.#config.retryPeriodMs, this.#stop.signal)) {
      if (await this.#renewBefore(deadlineMs))
        deadlineMs = clock.monotonicMs() + this.#config.renewDeadlineMs
      else if (clock.monotonicMs() >= deadlineMs) return
    }
  }

  /** A server that hangs must not keep two leaders in office: no answer in time is a no. */
  #renewBefore(deadlineMs: number): Promise<boolean> {
    const { clock } = this.#deps
    return new Promise((resolve) => {
      const timer = clock.setTimer(deadlineMs - clock.monotonicMs(), () => resolve(false))
      void this.#tryAcquireOrRenew().then((renewed) => {
        timer.cancel()
        resolve(renewed)
      })
    })
  }

  /** Stops, and gives the lease up so that the next one need not wait for its end. */
  async close(): Promise<void> {
    this.#stop.abort()
    const lease = this.#lease
    if (!lease || lease.spec.holderIdentity !== this.#config.identity) return
    try {
      await this.#write({
        ...lease,
        spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 },
      })
    } catch (error) {
      this.#deps.logger.warn('Could not release the lease', {
        lease: this.#config.name,
        err: error as Error,
      })
    }
  }

  async #tryAcquireOrRenew(): Promise<boolean> {
    try {
      return await this.#step()
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) {
        this.#deps.logger.warn('Lease request failed', {
          lease: this.#config.name,
          err: error as Error,
        })
      }
      this.#lease = undefined
      return false
    }
  }

  async #step(): Promise<boolean> {
    const { clock, logger } = this.#deps
    const { identity } = this.#config
    // While it leads, the last answer is the current state: one write renews, no read is needed.
    const lease = this.#leads() ? this.#lease : await this.#read()
    if (!lease) {
      this.#lease = await this.#create()
      logger.info('Became leader', { lease: this.#config.name, identity })
      return true
    }
    this.#observe(lease)
    const holder = lease.spec.holderIdentity ?? ''
    if (holder !== '' && holder !== identity && !this.#expired()) return false
    const changed = holder !== identity
    const now = formatMicroTime(clock.now())
    this.#lease = await this.#write({
      ...lease,
      spec: {
        ...lease.spec,
        holderIdentity: identity,
        leaseDurationSeconds: this.#config.leaseDurationMs / 1000,
        acquireTime: changed ? now : lease.spec.acquireTime,
        renewTime: now,
        leaseTransitions: (lease.spec.leaseTransitions ?? 0) + (changed ? 1 : 0),
      },
    })
    if (changed) logger.info('Became leader', { lease: this.#config.name, identity })
    return true
  }

  #leads(): boolean {
    return this.#lease?.spec.holderIdentity === this.#config.identity
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#resource().get(this.#config.name)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #create(): Promise<Lease> {
    const now = formatMicroTime(this.#deps.clock.now())
    return this.#resource().create({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: this.#config.name, namespace: this.#config.namespace },
      spec: {
        holderIdentity: this.#config.identity,
        leaseDurationSeconds: this.#config.leaseDurationMs / 1000,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      },
    })
  }

  #write(lease: Lease): Promise<Lease> {
    return this.#resource().update(lease)
  }

  #resource() {
    return this.#deps.client.resource(leases, this.#config.namespace)
  }

  #observe(lease: Lease): void {
    const record = `${lease.spec.holderIdentity}|${parseTime(lease.spec.renewTime ?? '')}`
    if (this.#observed?.record !== record)
      this.#observed = { record, atMs: this.#deps.clock.monotonicMs() }
    this.#observedDurationMs = (lease.spec.leaseDurationSeconds ?? 0) * 1000
  }

  #observedDurationMs = 0

  #expired(): boolean {
    return this.#deps.clock.monotonicMs() - this.#observed!.atMs > this.#observedDurationMs
  }
}
