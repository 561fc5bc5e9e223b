import type { Clock, Logger, Timer } from '@kemu/base'
import type { RunNft } from '@kemu/network/nft'
import { planTable } from './plan/plan-table.ts'
import type { PolicyWorld } from './plan/policy-world.ts'
import { changeTable, replaceTable } from './table/filter-table.ts'
import type { FilterTable } from './table/filter-table.ts'

export interface EnforcerDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly runNft: RunNft
  /** The state of the caches; undefined while one of them is not filled yet. */
  readonly world: () => PolicyWorld | undefined
}

/** A transaction that nft refused is tried again, with the whole table, after this. */
const retryMs = 1000

/** Keeps the kernel's table equal to the plan, by one transaction for all that changed meanwhile. */
export class Enforcer {
  readonly #deps: EnforcerDeps
  /** What the kernel has; 'unknown' at the start (another life may have left something) and after a failure. */
  #table: FilterTable | undefined | 'unknown' = 'unknown'
  #isDirty = false
  #isRunning = false
  #timer: Timer | undefined
  #isClosed = false
  /** Counts transactions that are in effect. */
  #written = 0

  constructor(deps: EnforcerDeps) {
    this.#deps = deps
  }

  get written(): number {
    return this.#written
  }

  /** Something changed: it is in effect soon. */
  changed(): void {
    this.#isDirty = true
    if (this.#isRunning || this.#isClosed) return
    this.#isRunning = true
    // One turn of the event loop: events that came together are done together.
    this.#timer = this.#deps.clock.setTimer(0, () => void this.#run())
  }

  /** Leaves the rules as they are: what is isolated stays so without us. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  async #run(): Promise<void> {
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false
      try {
        await this.#sync()
      } catch (error) {
        this.#deps.logger.error('Cannot enforce network policies, trying again', {
          retryMs,
          err: error as Error,
        })
        this.#table = 'unknown'
        this.#isDirty = true
        this.#timer = this.#deps.clock.setTimer(retryMs, () => void this.#run())
        return
      }
    }
    this.#isRunning = false
  }

  async #sync(): Promise<void> {
    const world = this.#deps.world()
    if (!world) return
    const wanted = planTable(world)
    const lines = steps(this.#table, wanted)
    if (lines.length > 0) {
      await this.#deps.runNft(['-f', '-'], `${lines.join('\n')}\n`)
      this.#written += 1
    }
    this.#table = wanted
  }
}

function steps(
  before: FilterTable | undefined | 'unknown',
  wanted: FilterTable | undefined,
): string[] {
  if (before === 'unknown') return replaceTable(wanted)
  if (before && wanted) return changeTable(before, wanted)
  return before === wanted ? [] : replaceTable(wanted)
}
