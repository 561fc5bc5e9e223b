import type { Clock, Logger, Timer } from '@kemu/base'
import type { Cidr } from '@kemu/network/address'
import type { FrontendTable } from '../forward/frontend-table.ts'
import type { ProxyMetrics } from '../metrics.ts'
import type { PlanContext, ServicePlan } from '../plan/plan-service.ts'
import type { ServiceCarrier } from '../service-carrier.ts'
import { baseTransaction, markForMasquerade, table } from './base-rules.ts'
import type { StaleFlows } from './stale-flows.ts'
import type { RunNft } from '@kemu/network/nft'
import { readTable } from './read-table.ts'
import { RuleTable } from './rule-table.ts'
import type { TableChange } from './rule-table.ts'
import { planRules } from './service-rules.ts'
import type { RuleContext, ServiceRules } from './service-rules.ts'

export interface RuleCarrierDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: ProxyMetrics
  readonly run: RunNft
  readonly staleFlows: Pick<StaleFlows, 'remove'>
  /** Serves node ports on 127.0.0.1, where rules cannot reach: packets from there do not leave the loopback device. */
  readonly localhost: Pick<FrontendTable, 'apply'>
}

export interface RuleOptions {
  readonly clusterCidr: Cidr | undefined
  readonly masqueradeMark: number
  readonly masqueradeAll: boolean
}

/** So many services go into one transaction: the kernel's time grows with the square of a transaction's size. */
const servicesPerTransaction = 500
/**
 * An empty chain is deleted so long after it was emptied: kernels before 6.2 notice late that no element leads to it
 * any more (upstream waits as long).
 */
const staleChainMs = 1000
const machineAddress = '127.0.0.1'

/** The kernel carries the connections: keeps the table `ip kube-proxy` equal to the plans, by changes only. */
export class RuleCarrier implements ServiceCarrier {
  readonly #options: RuleOptions
  readonly #deps: RuleCarrierDeps
  readonly #plans = new Map<string, ServicePlan>()
  /** Undefined until the kernel's table is read and its frame is written. */
  #table: RuleTable | undefined
  #nodePortAddresses = ''
  #staleChains = new Set<string>()
  #staleTimer: Timer | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(options: RuleOptions, deps: RuleCarrierDeps) {
    this.#options = options
    this.#deps = deps
  }

  apply(
    changes: ReadonlyMap<string, ServicePlan | undefined>,
    context: PlanContext,
  ): Promise<void> {
    return this.#inTurn(() => this.#apply(changes, context))
  }

  async #apply(
    changes: ReadonlyMap<string, ServicePlan | undefined>,
    context: PlanContext,
  ): Promise<void> {
    const before = new Map(
      [...changes.keys()].map((service) => [service, this.#plans.get(service)]),
    )
    for (const [service, plan] of changes) {
      if (plan) this.#plans.set(service, plan)
      else this.#plans.delete(service)
    }
    let isKnown: boolean
    try {
      isKnown = await this.#write(changes, context)
    } catch (error) {
      // What the kernel has is not what we thought: it is read again.
      this.#table = undefined
      this.#deps.metrics.nftablesSyncFailures.inc(['IPv4'])
      throw error
    }
    await Promise.all([
      this.#serveLocalhost(changes),
      this.#deps.staleFlows.remove(isKnown ? before : undefined, changes),
    ])
  }

  close(): void {
    this.#staleTimer?.cancel()
  }

  /** Whether what was in effect before is known: false where another life of kube-proxy had written it. */
  async #write(
    changes: ReadonlyMap<string, ServicePlan | undefined>,
    context: PlanContext,
  ): Promise<boolean> {
    const rulesOf = (plan: ServicePlan | undefined): ServiceRules | undefined =>
      plan && planRules(plan.ports, this.#ruleContext(context))
    const nodePortAddresses = context.nodePortAddresses.join()
    if (this.#table && nodePortAddresses === this.#nodePortAddresses) {
      const rules = [...changes].map(([service, plan]) => [service, rulesOf(plan)] as const)
      await this.#writeAll(this.#table, rules, [])
      return true
    }
    const left = await readTable(this.#deps.run)
    const fresh = new RuleTable(left)
    const all = [...this.#plans].map(([service, plan]) => [service, rulesOf(plan)] as const)
    await this.#writeAll(fresh, all, baseTransaction({ ...this.#options, ...context }))
    if (left) await this.#take(fresh.sweep(), [])
    this.#table = fresh
    this.#nodePortAddresses = nodePortAddresses
    return left === undefined
  }

  async #writeAll(
    rules: RuleTable,
    services: readonly (readonly [string, ServiceRules | undefined])[],
    base: readonly string[],
  ): Promise<void> {
    for (let i = 0; i === 0 || i < services.length; i += servicesPerTransaction) {
      const some = new Map(services.slice(i, i + servicesPerTransaction))
      await this.#take(rules.change(some), i === 0 ? base : [])
    }
  }

  async #take(change: TableChange, base: readonly string[]): Promise<void> {
    const lines = [...base, ...change.lines]
    if (lines.length > 0) await this.#deps.run(['-f', '-'], `${lines.join('\n')}\n`)
    change.commit()
    for (const name of change.staleChains) this.#staleChains.add(name)
    if (this.#staleChains.size > 0)
      this.#staleTimer ??= this.#deps.clock.setTimer(staleChainMs, () => {
        this.#staleTimer = undefined
        void this.#inTurn(() => this.#deleteStale())
      })
  }

  /** One at a time: a chain must not be deleted while a transaction under way takes it back. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(work)
    this.#work = turn.catch(() => {})
    return turn
  }

  async #deleteStale(): Promise<void> {
    const names = [...this.#staleChains].filter((name) => !this.#table?.hasChain(name))
    this.#staleChains = new Set()
    if (names.length === 0) return
    const lines = names.map((name) => `delete chain ${table} ${name}`)
    try {
      await this.#deps.run(['-f', '-'], `${lines.join('\n')}\n`)
    } catch (error) {
      // Empty chains harm nobody; the next start of kube-proxy finds them.
      this.#deps.metrics.nftablesCleanupFailures.inc(['IPv4'])
      this.#deps.logger.warn('Cannot delete stale chains', {
        count: names.length,
        err: error as Error,
      })
    }
  }

  async #serveLocalhost(changes: ReadonlyMap<string, ServicePlan | undefined>): Promise<void> {
    await Promise.all(
      [...changes].map(([service, plan]) =>
        this.#deps.localhost.apply(
          service,
          (plan?.frontends ?? []).filter(({ address }) => address === machineAddress),
        ),
      ),
    )
  }

  #ruleContext({ nodePortAddresses }: PlanContext): RuleContext {
    return {
      clusterCidr: this.#options.clusterCidr,
      nodeAddress: nodePortAddresses[0] ?? machineAddress,
      masquerade: markForMasquerade(this.#options.masqueradeMark),
    }
  }
}
