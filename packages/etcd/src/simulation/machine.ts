import type { Clock, Logger, Random, Timer } from '@kemu/base'
import type { EtcdConfig } from '../config.ts'
import { startEtcd } from '../server.ts'
import type { EtcdServer, Instruments, Sizes } from '../server.ts'
import type { Member } from '../member/member.ts'
import type { Kernel } from './kernel.ts'
import { SimulatedCrash, SimulatedDisk } from './simulated-disk.ts'
import type { DiskUser } from './simulated-disk.ts'
import type { SimulatedNetwork } from './simulated-network.ts'

export interface MachineDeps {
  readonly kernel: Kernel
  readonly network: SimulatedNetwork
  readonly random: Random
  readonly name: string
  /** How fast its clock goes; 1 is right. */
  readonly clockRate: number
  readonly sizes: Sizes
  readonly requestTimeoutBaseMs: number
  readonly logger: Logger
  readonly instruments: Instruments
  readonly onStarted: (machine: Machine, member: Member) => void
  /** The program has ended, for whatever reason. */
  readonly onEnded: (machine: Machine, why: string) => void
}

/** One life of the program on a machine. */
class Life implements DiskUser {
  readonly name: string
  isAlive = true
  blockedUntilMs = 0
  readonly #kernel: Kernel
  /** It ends at this step from now on. */
  stepsLeft = Number.POSITIVE_INFINITY
  onStepsOver: () => void = () => {}

  constructor(name: string, kernel: Kernel) {
    this.name = name
    this.#kernel = kernel
  }

  onStep(what: string): void {
    if (!this.isAlive) throw new SimulatedCrash(`${this.name} is gone`)
    this.stepsLeft -= 1
    if (this.stepsLeft > 0) return
    this.onStepsOver()
    throw new SimulatedCrash(`${this.name} at: ${what}`)
  }

  block(ms: number): void {
    this.blockedUntilMs = Math.max(this.blockedUntilMs, this.#kernel.nowMs) + ms
  }
}

/** A machine with a disk that outlives its programs, a clock of its own, and a member of the store. */
export class Machine {
  readonly name: string
  readonly disk: SimulatedDisk
  readonly #deps: MachineDeps
  #config: EtcdConfig
  #life: Life | undefined
  #member: Member | undefined
  #wallOffsetMs = 0
  /** The member was removed: it does not come back. */
  isRetired = false
  /** How it ended, for good, when it could not start or broke. */
  failure: Error | undefined

  constructor(deps: MachineDeps, config: EtcdConfig) {
    this.#deps = deps
    this.#config = config
    this.name = deps.name
    this.disk = new SimulatedDisk(deps.kernel, deps.random)
  }

  get isRunning(): boolean {
    return this.#life !== undefined
  }

  /** Undefined while it is down, or has only begun to start. */
  get member(): Member | undefined {
    return this.#member
  }

  get clockRate(): number {
    return this.#deps.clockRate
  }

  start(): void {
    if (this.#life || this.isRetired) return
    const { kernel, network, random, name, logger, sizes, instruments } = this.#deps
    const life = new Life(name, kernel)
    this.#life = life
    const { requestTimeoutBaseMs } = this.#deps
    startEtcd({
      clock: this.#clockOf(life),
      random,
      logger,
      config: this.#config,
      requestTimeoutBaseMs,
      disk: this.disk.openedBy(life),
      network: network.at({ place: name, owner: life }),
      afterTurn: (run) => void kernel.schedule(life, 0.02 * random.next(), run),
      sizes,
      instruments: {
        ...instruments,
        onMember: (member, storage) => {
          this.#member = member
          instruments.onMember?.(member, storage)
          this.#deps.onStarted(this, member)
        },
      },
    }).then(
      (server) => this.#onServing(life, server),
      (error: unknown) => {
        if (life.isAlive) this.fail(error)
      },
    )
  }

  /** The program is killed, or the machine loses its power and with it what was not synced. */
  crash(why: string, kind: 'kill' | 'power'): void {
    if (!this.#life) return
    this.#end(why)
    if (kind === 'power') this.disk.lose()
    else this.disk.settle()
  }

  /** The program fails by an error of its own. */
  fail(error: unknown): void {
    if (!this.#life || error instanceof SimulatedCrash) return
    this.failure = error instanceof Error ? error : new Error(String(error))
    this.crash(`it failed: ${this.failure.message}`, 'kill')
  }

  /** All of it stands still. */
  pause(ms: number): void {
    const life = this.#life
    if (life) life.blockedUntilMs = Math.max(life.blockedUntilMs, this.#deps.kernel.nowMs + ms)
  }

  /** The program ends in the middle of one of its next steps on the disk. */
  crashAtStep(steps: number, onCrash: () => void): void {
    const life = this.#life
    if (!life) return
    life.stepsLeft = steps
    life.onStepsOver = () => {
      this.crash('its power went in the middle of a step on the disk', 'power')
      onCrash()
    }
  }

  jumpClock(ms: number): void {
    this.#wallOffsetMs += ms
  }

  #onServing(life: Life, server: EtcdServer): void {
    void server.removed.then(async () => {
      if (!life.isAlive) return
      this.isRetired = true
      await server.close()
      if (life.isAlive) this.#end('it was removed from the cluster')
    })
  }

  #end(why: string): void {
    const life = this.#life!
    life.onStepsOver = () => {}
    life.isAlive = false
    this.#life = undefined
    this.#member = undefined
    const isOwn = (end: { readonly owner: unknown }): boolean => end.owner === life
    this.#deps.network.breakAll(({ client, server }) => isOwn(client) || isOwn(server))
    this.#deps.onEnded(this, why)
  }

  #clockOf(life: Life): Clock {
    const { kernel, clockRate } = this.#deps
    const setTimer = (delayMs: number, fire: () => void): Timer =>
      kernel.schedule(life, Math.max(1, delayMs) / clockRate, fire)
    return {
      now: () => Math.round(kernel.nowMs * clockRate + this.#wallOffsetMs),
      // A program that was kept waiting inside of an event sees the time that this took.
      monotonicMs: () => Math.max(kernel.nowMs, life.blockedUntilMs) * clockRate,
      setTimer,
      setPeriodic: (periodMs, fire) => {
        let timer: Timer
        const again = (): void => {
          timer = setTimer(periodMs, () => {
            again()
            fire()
          })
        }
        again()
        return { cancel: () => timer.cancel() }
      },
    }
  }
}
