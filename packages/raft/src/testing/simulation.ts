import { AssertionError, seededRandom } from '@kemu/base'
import type { Random } from '@kemu/base'
import { confChange, describeMessage } from '../index.ts'
import type { ConfChange, ConfChangeKind, DeliberateBug, Message, NodeId } from '../index.ts'
import { SafetyCheckers, SafetyViolation } from './safety-checkers.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedServer } from './simulated-server.ts'
import { changesMembers, chooseClimate, eventLottery, weatherOf } from './weather.ts'
import type { Climate, Weather } from './weather.ts'
import type { HostBug, Tuning } from './simulated-server.ts'

export interface ScheduleOptions {
  readonly seed: number
  /** Things that happen in one schedule: a tick, a message, a crash... */
  readonly events?: number
  /** What presses on the cluster; drawn from the seed when not given. */
  readonly climate?: Climate
  readonly bug?: DeliberateBug | HostBug
  /** Keep what happened, to print it. */
  readonly traced?: boolean
}

/** How one schedule went. `inconclusive`: nothing was committed, so nothing was tested. */
export interface ScheduleResult {
  readonly seed: number
  readonly climate: Climate
  readonly outcome: 'passed' | 'inconclusive' | 'violated'
  readonly property?: string
  readonly detail?: string
  readonly committed: number
  readonly crashes: number
  readonly trace: readonly string[]
}

/** Runs one schedule; the same seed gives the same run, event for event. */
export function runSchedule(options: ScheduleOptions): ScheduleResult {
  return new Simulation(options).run()
}

const founders = ['a', 'b', 'c']
const newcomers = ['d', 'e']

/** A cluster of three servers, and two more where members change, on one seed. */
class Simulation {
  readonly #options: ScheduleOptions
  readonly #random: Random
  readonly #network: SimulatedNetwork
  readonly #checkers = new SafetyCheckers()
  readonly #servers = new Map<NodeId, SimulatedServer>()
  readonly #tuning: Tuning
  readonly #trace: string[] = []
  readonly #climate: Climate
  readonly #nextEvent: () => keyof Weather
  readonly #events: Readonly<Record<keyof Weather, () => void>> = {
    deliver: () => this.#deliver(),
    tick: () => this.#tick(),
    finishWrites: () => this.#finishWrites(),
    propose: () => this.#propose(),
    read: () => this.#read(),
    crash: () => this.#crash(this.#anyServer()),
    crashLeader: () => this.#crash(this.#anyLeader()),
    bounce: () => this.#bounce(),
    restart: () => this.#restart(),
    partition: () => this.#partition(),
    isolateLeader: () => this.#isolateLeader(),
    heal: () => this.#heal(),
    compact: () => this.#any((server) => server.compact()),
    changeMembers: () => this.#changeMembers(),
    transferLeader: () => this.#transferLeader(),
    campaign: () => this.#any((server) => server.act((node) => node.campaign())),
  }
  #proposals = 0
  #crashes = 0

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#network = new SimulatedNetwork(this.#random)
    this.#climate = options.climate ?? chooseClimate(this.#random)
    this.#nextEvent = eventLottery(weatherOf(this.#climate), this.#random)
    this.#tuning = this.#chooseTuning()
    this.#network.setRates(this.#pick([0, 0.02, 0.2]), this.#pick([0, 0, 0.2]))
    const ids = changesMembers(this.#climate) ? [...founders, ...newcomers] : founders
    for (const id of ids) this.#servers.set(id, this.#newServer(id))
  }

  run(): ScheduleResult {
    try {
      for (const server of this.#servers.values()) server.start()
      for (let i = 0; i < (this.#options.events ?? 600); i++) this.#happen()
      const recovered = this.#recover()
      return this.#result(recovered ? 'passed' : 'inconclusive')
    } catch (error) {
      if (error instanceof SafetyViolation) {
        return this.#result('violated', error.property, error.message)
      }
      // An invariant of the core noticed before the checkers did.
      if (error instanceof AssertionError) {
        return this.#result('violated', 'Assertion', error.message)
      }
      throw error
    }
  }

  #result(outcome: ScheduleResult['outcome'], property?: string, detail?: string): ScheduleResult {
    return {
      seed: this.#options.seed,
      climate: this.#climate,
      outcome,
      ...(property !== undefined && { property }),
      ...(detail !== undefined && { detail }),
      committed: this.#checkers.maxCommitted,
      crashes: this.#crashes,
      trace: this.#trace,
    }
  }

  #newServer(id: NodeId): SimulatedServer {
    return new SimulatedServer(
      {
        id,
        random: this.#random,
        checkers: this.#checkers,
        send: (message) => this.#network.send(message),
        tuning: this.#tuning,
        trace: this.#options.traced ? (line) => this.#trace.push(line()) : undefined,
        bug: this.#options.bug,
      },
      founders.includes(id) ? founders : [],
    )
  }

  #chooseTuning(): Tuning {
    const random = this.#random
    return {
      maxMessageBytes: this.#pick([0, 0, 20, 1000]),
      maxInflightMessages: this.#pick([1, 2, 5]),
      maxCommittedBytes: random.int(2) === 0 ? 10 : 1000,
      preVote: random.int(3) > 0,
      checkQuorum: random.int(3) > 0,
    }
  }

  #happen(): void {
    this.#events[this.#nextEvent()]()
  }

  #any(act: (server: SimulatedServer) => void): void {
    act(this.#anyServer())
  }

  #anyServer(): SimulatedServer {
    return this.#pick([...this.#servers.values()])
  }

  /** There may be several that believe to lead. */
  #anyLeader(): SimulatedServer | undefined {
    const leaders = [...this.#servers.values()].filter((s) => s.node?.status().role === 'leader')
    return leaders.length > 0 ? this.#pick(leaders) : undefined
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.int(from.length)]!
  }

  #note(line: () => string): void {
    if (this.#options.traced) this.#trace.push(line())
  }

  #deliver(): void {
    const message = this.#network.take()
    if (!message) return
    const delivered = this.#network.isDelivered(message)
    this.#note(() => `${delivered ? 'deliver' : 'lose'} ${describeMessage(message)}`)
    if (delivered) this.#servers.get(message.to)!.act((node) => node.step(message))
    if (message.type === 'snapshot') this.#reportSnapshot(message, delivered)
  }

  #reportSnapshot({ from, to }: Message, delivered: boolean): void {
    this.#servers.get(from)!.act((node) => node.reportSnapshot(to, delivered))
  }

  #tick(): void {
    // Mostly one server; now and then one has slept and catches up, so that clocks drift apart.
    const ticks = this.#random.int(10) === 0 ? 15 : 1 + this.#random.int(3)
    this.#any((server) => {
      this.#note(() => `${server.id} ticks ${ticks}`)
      for (let i = 0; i < ticks; i++) server.act((node) => node.tick())
    })
  }

  #finishWrites(): void {
    this.#any((server) => server.finishWrites(1 + this.#random.int(server.writesWaiting + 1)))
  }

  #propose(): void {
    const server = this.#leaderOrAny()
    const count = 1 + this.#random.int(3)
    const data = Array.from({ length: count }, () => Buffer.from(`${++this.#proposals}`))
    this.#note(() => `${server.id} is asked for ${data.join(', ')}`)
    server.act((node) => node.propose(data))
  }

  #read(): void {
    const server = this.#leaderOrAny()
    this.#note(() => `${server.id} is asked to read`)
    server.read()
  }

  #leaderOrAny(): SimulatedServer {
    return (this.#random.int(3) > 0 ? this.#anyLeader() : undefined) ?? this.#anyServer()
  }

  #crash(server: SimulatedServer | undefined): void {
    if (!server?.node) return
    this.#crashes += 1
    this.#note(() => `${server.id} crashes`)
    server.crash()
  }

  #bounce(): void {
    const server = this.#anyServer()
    this.#crash(server)
    if (!server.node) server.start()
  }

  #restart(): void {
    const down = [...this.#servers.values()].filter((server) => !server.node)
    if (down.length === 0) return
    const server = this.#pick(down)
    this.#note(() => `${server.id} starts`)
    server.start()
  }

  #partition(): void {
    const ids = [...this.#servers.keys()]
    const left = ids.filter(() => this.#random.int(2) === 0)
    const right = ids.filter((id) => !left.includes(id))
    const oneWay = this.#random.int(3) === 0
    this.#note(() => `cut ${left.join('')} ${oneWay ? '->' : '<->'} ${right.join('')}`)
    this.#network.partition(left, right, oneWay)
  }

  /** The classic: the leader goes on alone while the others elect a new one. */
  #isolateLeader(): void {
    const leader = this.#anyLeader()
    if (!leader) return
    const others = [...this.#servers.keys()].filter((id) => id !== leader.id)
    this.#note(() => `isolate ${leader.id}`)
    this.#network.partition([leader.id], others, this.#random.int(3) === 0)
  }

  #heal(): void {
    this.#note(() => 'heal')
    this.#network.heal()
  }

  #changeMembers(): void {
    const change = this.#randomChange()
    this.#any((server) => server.act((node) => node.proposeConfChange(change)))
  }

  #randomChange(): ConfChange {
    const kinds: ConfChangeKind[] = ['addVoter', 'addVoter', 'addLearner', 'remove']
    const ids = [...this.#servers.keys()]
    const one = (): ConfChange => confChange(this.#pick(kinds), this.#pick(ids))
    if (this.#random.int(3) > 0) return one()
    const steps = Array.from({ length: 1 + this.#random.int(3) }, () => one().steps[0]!)
    const transition = this.#pick(['auto', 'jointImplicit'] as const)
    return { steps, transition, context: '' }
  }

  #transferLeader(): void {
    const to = this.#pick([...this.#servers.keys()])
    this.#any((server) => server.act((node) => node.transferLeader(to)))
  }

  /** Fair weather at the end: everybody is up and can talk. True when something more was committed. */
  #recover(): boolean {
    this.#network.heal()
    this.#network.setRates(0, 0)
    for (const server of this.#servers.values()) if (!server.node) server.start()
    const before = this.#checkers.maxCommitted
    for (let round = 0; round < 200; round++) {
      for (const server of this.#servers.values()) {
        server.act((node) => node.tick())
        if (server.node?.status().role === 'leader') this.#proposeTo(server)
      }
      for (let i = this.#network.size * 2; i > 0; i--) this.#deliver()
      for (const server of this.#servers.values()) server.finishWrites(server.writesWaiting)
      if (this.#checkers.maxCommitted > before + 3) return true
    }
    return false
  }

  #proposeTo(server: SimulatedServer): void {
    const data = Buffer.from(`${++this.#proposals}`)
    server.act((node) => node.propose([data]))
  }
}
