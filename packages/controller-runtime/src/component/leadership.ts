import { hostname } from 'node:os'
import { leases } from '@kemu/api'
import { Backoff, FlagError, sleep, uuid } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import { ConnectionError, LeaderElector } from '@kemu/client'
import type { Client } from '@kemu/client'
import type { ComponentFlags } from './component-flags.ts'

export interface LeadershipDeps {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

type LeadershipFlags = Pick<
  ComponentFlags,
  | 'leader-elect'
  | 'leader-elect-lease-duration'
  | 'leader-elect-renew-deadline'
  | 'leader-elect-retry-period'
  | 'leader-elect-resource-lock'
  | 'leader-elect-resource-namespace'
>

/** Pause while the API server does not listen yet: both start at the same moment. */
const knock = { initialMs: 20, maxMs: 500, factor: 1.5 }

/** Whether this process may work: alone without --leader-elect, else by a Lease. */
export class Leadership {
  readonly #name: string
  readonly #namespace: string
  readonly #deps: LeadershipDeps
  readonly #elector: LeaderElector | undefined
  readonly #stop = new AbortController()
  #leads = false

  /** `name` is that of the Lease, for example `kube-scheduler`. */
  constructor(name: string, flags: LeadershipFlags, deps: LeadershipDeps) {
    if (flags['leader-elect-resource-lock'] !== 'leases')
      throw new FlagError('--leader-elect-resource-lock: only "leases" is emulated')
    this.#name = name
    this.#namespace = flags['leader-elect-resource-namespace']
    this.#deps = deps
    if (!flags['leader-elect']) return
    this.#elector = new LeaderElector(
      {
        namespace: this.#namespace,
        name,
        identity: `${hostname()}_${uuid(deps.random)}`,
        leaseDurationMs: flags['leader-elect-lease-duration'],
        renewDeadlineMs: flags['leader-elect-renew-deadline'],
        retryPeriodMs: flags['leader-elect-retry-period'],
      },
      deps,
    )
  }

  get leads(): boolean {
    return this.#leads
  }

  /**
   * Resolves with true once the API server answers anything; false when closed before. Informers that start after this
   * do not all knock at a closed door.
   */
  async serverAnswers(): Promise<boolean> {
    const { client, clock, random } = this.#deps
    const backoff = new Backoff(knock, random)
    while (!this.#stop.signal.aborted) {
      try {
        await client.resource(leases, this.#namespace).get(this.#name)
        return true
      } catch (error) {
        if (!(error instanceof ConnectionError)) return true
        await sleep(clock, backoff.nextMs(), this.#stop.signal)
      }
    }
    return false
  }

  /** Resolves with true once this process leads; false when closed before. */
  async acquire(): Promise<boolean> {
    if (!(await this.serverAnswers())) return false
    this.#leads = this.#elector ? await this.#elector.acquire() : true
    return this.#leads
  }

  /** Rejects when the lease was lost: the process must end, for another may lead now. Resolves when closed. */
  async hold(): Promise<void> {
    await this.#elector?.hold()
    this.#leads = false
    if (!this.#stop.signal.aborted && this.#elector) throw new Error('leader election lost')
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#elector?.close()
  }
}
