import { searchSerialOrder } from '../checkers/kv-search.ts'
import type { Violation } from '../checkers/operation.ts'
import { checkRevisionOrder } from '../checkers/revision-order.ts'
import { checkWatches } from '../checkers/watch-properties.ts'
import type { Verdict } from '../checkers/linearizability.ts'
import { Client } from '../workload/client.ts'
import { runClient } from '../workload/clients.ts'
import type { ClientPlan, Observations } from '../workload/clients.ts'
import { perform } from '../workload/kv-client.ts'
import { Cluster } from './cluster.ts'
import { FaultInjector } from './fault-injector.ts'
import { Operator } from './operator.ts'
import type { FaultKind, Plan } from './plan.ts'
import { sabotage } from './sabotage.ts'
import type { StoreBug } from './sabotage.ts'

export interface ScheduleOptions {
  readonly bug?: StoreBug | undefined
  /** Keep what happened, to tell it. */
  readonly isTraced?: boolean
  /** Of the search for a serial order. */
  readonly searchStepsMax?: number
}

/** How one schedule went. `inconclusive`: too little happened for its silence to mean anything. */
export interface ScheduleResult {
  readonly plan: Plan
  readonly outcome: 'passed' | 'inconclusive' | 'violated'
  readonly why: string
  readonly violations: readonly Violation[]
  readonly story: readonly string[]
  readonly statistics: Statistics
}

export interface Statistics {
  readonly operations: number
  readonly answered: number
  readonly revisions: number
  readonly elections: number
  readonly watchEvents: number
  readonly expiredLeases: number
  readonly effects: ReadonlyMap<FaultKind, number>
  readonly search: Verdict
  readonly events: number
}

/** Long enough for members to find each other again, whatever was the matter. */
const settleMs = 20_000
/** Longer than any lease of the clients lives. */
const leaseWaitMs = 22_000
const defaultSearchSteps = 30_000
/** Fewer answers than this, or than this share, tell nothing. */
const answersMin = 30
const answeredShareMin = 0.2

/** Runs a plan; the same plan gives the same run, event for event. */
export function runPlan(plan: Plan, options: ScheduleOptions = {}): Promise<ScheduleResult> {
  return new Simulation(plan, options).run()
}

class Simulation {
  readonly #plan: Plan
  readonly #options: ScheduleOptions
  readonly #cluster: Cluster
  readonly #injector: FaultInjector
  readonly #seen: Observations
  readonly #story: string[] = []
  #clientsRunning = 0

  constructor(plan: Plan, options: ScheduleOptions) {
    this.#plan = plan
    this.#options = options
    this.#cluster = new Cluster({
      plan,
      story: this.#tell,
      isTraced: options.isTraced ?? false,
      ...sabotage(options.bug),
    })
    const { leases } = this.#cluster.observer
    this.#seen = { operations: [], watches: [], leases, compactedUpTo: 0 }
    const operator = new Operator(this.#cluster, this.#client('operator'), this.#tell)
    const places = plan.clients.map(({ name }) => name)
    this.#injector = new FaultInjector(this.#cluster, operator, places, this.#tell)
  }

  async run(): Promise<ScheduleResult> {
    const plan = this.#plan
    this.#injector.schedule(plan.faults)
    for (const client of plan.clients) this.#runClient(client)
    await this.#runFor(plan.durationMs)
    this.#tell('-- all is healed')
    this.#injector.healAll()
    const hasProgress = await this.#settle()
    if (hasProgress) await this.#runFor(leaseWaitMs)
    if (this.#cluster.ownError) throw this.#cluster.ownError
    return this.#judge(hasProgress)
  }

  readonly #tell = (line: string): void => {
    if (!this.#options.isTraced) return
    this.#story.push(`${this.#cluster?.kernel.nowMs.toFixed(1).padStart(9) ?? ''} ${line}`)
  }

  #client(name: string): Client {
    return this.#clientOf(name, () => this.#cluster.present().map((machine) => machine.name))
  }

  #clientOf(name: string, endpoints: () => readonly string[]): Client {
    const { world } = this.#cluster
    return new Client({
      name,
      world,
      random: this.#cluster.random(name),
      endpoints,
      story: this.#tell,
    })
  }

  #runClient(plan: ClientPlan): void {
    this.#clientsRunning += 1
    void runClient(this.#client(plan.name), plan, this.#seen).then(
      () => {
        this.#clientsRunning -= 1
      },
      (error: unknown) => {
        this.#cluster.ownError ??= error
      },
    )
  }

  get #isBroken(): boolean {
    const { observer, ownError } = this.#cluster
    return observer.violations.length > 0 || ownError !== undefined
  }

  #runFor(ms: number, isOver = (): boolean => false): Promise<void> {
    const { kernel } = this.#cluster
    return kernel.run(kernel.nowMs + ms, () => this.#isBroken || isOver())
  }

  /** Waits for the clients, and until every member answers; false when that takes too long. */
  async #settle(): Promise<boolean> {
    await this.#runFor(settleMs, () => this.#clientsRunning === 0)
    const { kernel } = this.#cluster
    const asked = this.#cluster.present().map((machine) => ({ machine, isDone: false }))
    for (const entry of asked) {
      void this.#askUntilAnswered(entry.machine.name).then(() => {
        entry.isDone = true
      })
    }
    const start = kernel.nowMs
    await this.#runFor(settleMs, () => asked.every(({ isDone }) => isDone))
    this.#tell(`-- settled after ${Math.round(kernel.nowMs - start)} ms`)
    return asked.every(({ isDone }) => isDone)
  }

  async #askUntilAnswered(name: string): Promise<void> {
    const client = this.#clientOf(`asks-${name}`, () => [name])
    const everything = { kind: 'range', key: 'k', rangeEnd: 'm' } as const
    while (!(await perform(client, everything, this.#seen.operations))) {
      const { isRetired } = this.#cluster.machines.get(name)!
      if (isRetired) return
      await client.sleep(100)
    }
  }

  #judge(hasProgress: boolean): ScheduleResult {
    const { observer, kernel } = this.#cluster
    const violations = [...observer.violations]
    let search: Verdict = 'unknown'
    if (violations.length === 0) {
      if (hasProgress) this.#checkEnd()
      const order = checkRevisionOrder(observer.history, this.#seen.operations)
      violations.push(
        ...order.violations,
        ...observer.violations,
        ...observer.leases.violations,
        ...checkWatches(observer.history, this.#seen.watches, this.#seen.compactedUpTo),
      )
      const stepsMax = this.#options.searchStepsMax ?? defaultSearchSteps
      search = searchSerialOrder(observer.history, this.#seen.operations, order.causes, {
        stepsMax,
      })
      if (search === 'violated') {
        violations.push({
          property: 'Strict Serializability',
          detail: 'no order explains the answers',
        })
      }
    }
    const statistics: Statistics = {
      operations: this.#seen.operations.length,
      answered: this.#seen.operations.filter(({ output }) => output).length,
      revisions: observer.history.last,
      elections: observer.elections,
      watchEvents: this.#seen.watches.flatMap(({ answers }) => answers.flatMap((a) => a.events))
        .length,
      expiredLeases: observer.leases.expiredCount,
      effects: this.#injector.effects,
      search,
      events: kernel.executed,
    }
    const why = violations[0]
      ? `${violations[0].property}: ${violations[0].detail}`
      : whyInconclusive(this.#plan, statistics, hasProgress)
    const outcome = violations.length > 0 ? 'violated' : why === '' ? 'passed' : 'inconclusive'
    return { plan: this.#plan, outcome, why, violations, story: this.#story, statistics }
  }

  #checkEnd(): void {
    const { observer, kernel } = this.#cluster
    for (const { name, member } of this.#cluster.present()) {
      if (!member) continue
      observer.checkContents(name, member)
      observer.leases.checkGone((id) => member.state.lessor.get(id) !== undefined, kernel.nowMs)
    }
  }
}

function whyInconclusive(plan: Plan, statistics: Statistics, hasProgress: boolean): string {
  const { answered, operations, effects } = statistics
  if (!hasProgress) return 'not every member answered in the end'
  if (plan.faults.length > 0 && effects.size === 0) return 'no fault took effect'
  if (answered < answersMin || answered < operations * answeredShareMin) {
    return `only ${answered} of ${operations} operations were answered`
  }
  return ''
}
