import { parseFlags, seededRandom, silentLogger } from '@kemu/base'
import type { Logger, Random } from '@kemu/base'
import { parseConfig } from '../config.ts'
import type { EtcdConfig } from '../config.ts'
import { etcdFlags } from '../flags.ts'
import type { Instruments } from '../server.ts'
import type { World } from '../workload/client.ts'
import { Kernel, outside } from './kernel.ts'
import { Machine } from './machine.ts'
import { Observer } from './observer.ts'
import type { Plan } from './plan.ts'
import { SimulatedNetwork } from './simulated-network.ts'

export interface ClusterDeps {
  readonly plan: Plan
  readonly story: (line: string) => void
  readonly instruments: Instruments
  /** Disks say that they have what they have not. */
  readonly hasLyingDisks: boolean
  readonly isTraced: boolean
}

const clientPort = 2379
/** How soon a program is started again that ended by itself. */
const restartMs = 300

/** The machines of one schedule, what joins them, and who looks at them. */
export class Cluster {
  readonly kernel: Kernel
  readonly network: SimulatedNetwork
  readonly observer: Observer
  /** As clients have it. */
  readonly world: World
  readonly machines = new Map<string, Machine>()
  readonly #deps: ClusterDeps
  /** Something outside of the members threw: a mistake of the simulation itself. */
  ownError: unknown

  constructor(deps: ClusterDeps) {
    this.#deps = deps
    const { plan } = deps
    this.observer = new Observer(Math.max(...plan.clockRates))
    this.kernel = new Kernel({
      onError: (owner, error) => {
        const machine = this.machines.get(owner.name)
        if (machine) machine.fail(error)
        else this.ownError ??= error
      },
      afterEvent: (owner) => this.observer.observe(owner.name, this.kernel.nowMs),
    })
    this.network = new SimulatedNetwork(this.kernel, this.random('network'), (from, data) =>
      this.observer.onMail(from, data),
    )
    const { kernel, network } = this
    this.world = {
      get nowMs() {
        return kernel.nowMs
      },
      sleep: (ms) => new Promise((resolve) => kernel.schedule(outside, ms, resolve)),
      dial: (place, host) =>
        network.dial({ place, owner: outside }, { host, port: clientPort, isSecure: false }),
    }
    const founders = Array.from({ length: plan.members }, (_, i) => `m${i + 1}`)
    for (const name of founders) this.add(name, founders, 'new').start()
  }

  /** A source of chance of its own for each part, so that one does not disturb the others. */
  random(part: string): Random {
    let seed = this.#deps.plan.seed
    for (const letter of part) seed = (Math.imul(seed, 31) + letter.charCodeAt(0)) >>> 0
    return seededRandom(seed)
  }

  add(name: string, members: readonly string[], state: 'new' | 'existing'): Machine {
    const { plan, story, instruments } = this.#deps
    const machine = new Machine(
      {
        name,
        kernel: this.kernel,
        network: this.network,
        random: this.random(name),
        clockRate: plan.clockRates[this.machines.size % plan.clockRates.length]!,
        sizes: { segmentBytes: plan.segmentBytes, catchUpEntries: plan.catchUpEntries },
        requestTimeoutBaseMs: 1000,
        logger: this.#deps.isTraced ? storyLogger(name, story) : silentLogger,
        instruments,
        onStarted: (started, member) => this.observer.onStarted(started, member),
        onEnded: (ended, why) => {
          story(`${ended.name} is down: ${why}`)
          this.observer.onEnded(ended)
          this.#afterEnd(ended)
        },
      },
      configOf(name, members, state, plan),
    )
    machine.disk.state.isLying = this.#deps.hasLyingDisks
    this.machines.set(name, machine)
    return machine
  }

  /** Those that have not left for good. */
  present(): Machine[] {
    return [...this.machines.values()].filter(({ isRetired }) => !isRetired)
  }

  leader(): Machine | undefined {
    return this.present().find(({ member }) => member?.isLeader)
  }

  /** By name, or who leads. */
  find(victim: string): Machine | undefined {
    return victim === 'leader' ? this.leader() : this.machines.get(victim)
  }

  /** Programs that end by themselves are started again, as a supervisor would. */
  #afterEnd(machine: Machine): void {
    const { failure } = machine
    if (!failure) return
    if (!isExpected(failure)) {
      const detail = `${machine.name}: ${failure.stack ?? failure.message}`
      this.observer.violations.push({ property: 'Does Not Fail', detail })
      return
    }
    machine.failure = undefined
    this.kernel.schedule(outside, restartMs, () => machine.start())
  }
}

/** What a program may end of: a disk without room at its start, nobody in reach who knows that it may join. */
function isExpected(failure: Error): boolean {
  return /ENOSPC|cannot fetch cluster info|is not a member of the cluster/.test(failure.message)
}

function configOf(
  name: string,
  members: readonly string[],
  state: 'new' | 'existing',
  plan: Plan,
): EtcdConfig {
  const cluster = members.map((member) => `${member}=http://${member}:2380`).join()
  return parseConfig(
    parseFlags(etcdFlags, [
      `--name=${name}`,
      `--data-dir=/${name}`,
      `--listen-client-urls=http://${name}:2379`,
      `--advertise-client-urls=http://${name}:2379`,
      `--listen-peer-urls=http://${name}:2380`,
      `--initial-advertise-peer-urls=http://${name}:2380`,
      `--listen-metrics-urls=http://${name}:2381`,
      `--initial-cluster=${cluster}`,
      `--initial-cluster-state=${state}`,
      `--snapshot-count=${plan.snapshotCount}`,
      '--max-snapshots=2',
      '--heartbeat-interval=50',
      '--election-timeout=500',
      '--watch-progress-notify-interval=300ms',
    ]),
  )
}

function storyLogger(name: string, story: (line: string) => void): Logger {
  const line = (message: string, fields?: Record<string, unknown>): void => {
    const details = Object.entries(fields ?? {}).map(([key, value]) => `${key}=${String(value)}`)
    story([`${name}: ${message}`, ...details].join(' '))
  }
  const logger: Logger = {
    debug: () => {},
    info: line,
    warn: line,
    error: line,
    child: () => logger,
  }
  return logger
}
