import { assert } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { FairQueues } from './fair-queues.ts'
import type { LevelPlan } from './flow-plan.ts'

/** Why a request is turned away (apiserver_flowcontrol_rejected_requests_total). */
export type Rejection = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled'

export class Rejected extends Error {
  readonly reason: Rejection

  constructor(reason: Rejection) {
    super(reason)
    this.reason = reason
  }
}

/** A request that waits: exactly one of the two is called, once. */
interface Waiting {
  readonly flow: string
  sit(): void
  reject(reason: Rejection): void
}

interface Level {
  plan: LevelPlan
  queues: FairQueues<Waiting> | undefined
  executing: number
  /** Gone from the configuration, but somebody still sits or waits. */
  isLeaving: boolean
}

export interface LevelState {
  readonly plan: LevelPlan
  readonly executing: number
  /** The flows of those who wait, one for each of them. */
  readonly waiting: readonly string[]
}

/** Aborted when nobody wants the answer any more; asked for only by those who wait. */
export interface LeavingCaller {
  readonly signal: AbortSignal
}

/** How long a request waits at most: a quarter of --request-timeout, upstream's rule. */
const waitMsMax = 15_000

/**
 * The seats of all priority levels. A level always has its nominal seats; beyond them it takes, up to its maximum, what
 * others could lend and do not use. Upstream moves the limits every ten seconds after what was wanted; here the moment
 * decides.
 */
export class Seats {
  readonly #clock: Clock
  readonly #levels = new Map<string, Level>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get levels(): LevelState[] {
    return [...this.#levels.values()].map(({ plan, executing, queues }) => ({
      plan,
      executing,
      waiting: queues?.items.map(({ flow }) => flow) ?? [],
    }))
  }

  /** Takes over new plans. Those who wait go on waiting, under the new rules if their level stays. */
  configure(plans: readonly LevelPlan[]): void {
    for (const level of this.#levels.values()) level.isLeaving = true
    for (const plan of plans) {
      const level = this.#levels.get(plan.name)
      if (level) changeLevel(level, plan)
      else this.#levels.set(plan.name, newLevel(plan))
    }
    for (const level of this.#levels.values()) this.#forgetIfIdle(level)
    this.#seatWaiting()
  }

  /**
   * Takes a seat of a level, at once or later; rejects with Rejected. Whoever got one calls what it gives when done.
   * `flow` tells who has to wait for whom.
   */
  async take(name: string, flow: string, caller: LeavingCaller): Promise<() => void> {
    const level = this.#levels.get(name)
    assert(level, 'a schema names a level that there is')
    const isFirst = level.queues?.isEmpty ?? true
    if (!level.plan.isExempt && !(isFirst && this.#isFree(level)))
      await this.#wait(level, flow, caller.signal)
    else level.executing += 1
    return () => this.#leave(level)
  }

  #wait(level: Level, flow: string, signal: AbortSignal): Promise<void> {
    const { queues } = level
    if (!queues) return Promise.reject(new Rejected('concurrency-limit'))
    return new Promise((resolve, reject) => {
      const end = (reason: Rejection): void => {
        level.queues?.remove(waiting)
        waiting.reject(reason)
        this.#forgetIfIdle(level)
      }
      const onAbort = (): void => end('cancelled')
      const timer = this.#clock.setTimer(waitMsMax, () => end('time-out'))
      const settle = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
      }
      const waiting: Waiting = {
        flow,
        sit: () => {
          settle()
          resolve()
        },
        reject: (reason) => {
          settle()
          reject(new Rejected(reason))
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      if (!queues.add(flow, waiting)) waiting.reject('queue-full')
    })
  }

  #leave(level: Level): void {
    level.executing -= 1
    assert(level.executing >= 0, 'a seat is left once')
    this.#forgetIfIdle(level)
    this.#seatWaiting()
  }

  /** Seats everybody for whom there is room; a freed seat may let another level borrow. */
  #seatWaiting(): void {
    for (const level of this.#levels.values()) {
      while (level.queues && !level.queues.isEmpty && this.#isFree(level)) {
        level.executing += 1
        level.queues.take()!.sit()
      }
    }
  }

  #isFree({ plan, executing }: Level): boolean {
    if (executing < plan.nominalSeats) return true
    return executing < plan.maxSeats && this.#borrowed() < this.#lendable()
  }

  #borrowed(): number {
    return this.#sum(({ plan, executing }) => (plan.isExempt ? 0 : executing - plan.nominalSeats))
  }

  /** Idle seats, of each level no more than it lends. */
  #lendable(): number {
    return this.#sum(({ plan, executing }) =>
      Math.min(plan.nominalSeats - plan.minSeats, plan.nominalSeats - executing),
    )
  }

  #sum(amount: (level: Level) => number): number {
    let sum = 0
    for (const level of this.#levels.values()) sum += Math.max(0, amount(level))
    return sum
  }

  #forgetIfIdle({ plan, executing, queues, isLeaving }: Level): void {
    if (isLeaving && executing === 0 && (queues?.isEmpty ?? true)) this.#levels.delete(plan.name)
  }
}

function newLevel(plan: LevelPlan): Level {
  const queues = plan.queuing && new FairQueues<Waiting>(plan.queuing)
  return { plan, queues, executing: 0, isLeaving: false }
}

function changeLevel(level: Level, plan: LevelPlan): void {
  const old = level.queues
  level.plan = plan
  level.isLeaving = false
  if (JSON.stringify(old?.plan) === JSON.stringify(plan.queuing)) return
  level.queues = plan.queuing && new FairQueues<Waiting>(plan.queuing)
  for (const waiting of old?.items ?? []) {
    if (!level.queues?.add(waiting.flow, waiting)) waiting.reject('queue-full')
  }
}
