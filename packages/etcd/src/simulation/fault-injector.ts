import type { Cluster } from './cluster.ts'
import { outside } from './kernel.ts'
import { noMischief } from './links.ts'
import type { Machine } from './machine.ts'
import { describeFault } from './plan.ts'
import type { Fault, FaultKind } from './plan.ts'
import type { Operator } from './operator.ts'

/** Brings the faults of a plan about, each at its time, and counts those that hit something. */
export class FaultInjector {
  readonly #cluster: Cluster
  readonly #operator: Operator
  readonly #clients: readonly string[]
  readonly #story: (line: string) => void
  /** How many of each kind took effect. */
  readonly effects = new Map<FaultKind, number>()

  constructor(
    cluster: Cluster,
    operator: Operator,
    clients: readonly string[],
    story: (line: string) => void,
  ) {
    this.#cluster = cluster
    this.#operator = operator
    this.#clients = clients
    this.#story = story
  }

  schedule(faults: readonly Fault[]): void {
    for (const fault of faults) this.#after(fault.atMs, () => this.#inject(fault))
  }

  /** Fair weather from now on: all are up and can talk. */
  healAll(): void {
    const { network, machines } = this.#cluster
    network.links.healAll()
    network.links.latencyMs = 0.3
    for (const machine of machines.values()) {
      machine.disk.state.latencyMs = 0.2
      machine.disk.state.isFull = false
      machine.start()
    }
  }

  #inject(fault: Fault): void {
    this.#story(`-- ${describeFault(fault)}`)
    switch (fault.kind) {
      case 'kill':
        return this.#crash(fault.kind, this.#cluster.find(fault.victim), 'kill', fault.downMs)
      case 'powerOff':
        return this.#crash(fault.kind, this.#cluster.find(fault.victim), 'power', fault.downMs)
      case 'powerOffAll':
        for (const machine of this.#cluster.present()) {
          this.#crash(fault.kind, machine, 'power', fault.downMs)
        }
        return
      case 'powerOffAtStep':
        return this.#crashAtStep(fault)
      case 'pause':
        return this.#onRunning(fault, (machine) => machine.pause(fault.forMs))
      case 'clockJump':
        return this.#onRunning(fault, (machine) => machine.jumpClock(fault.jumpMs))
      case 'cut':
        return this.#cut(fault)
      case 'breakConnections': {
        const broken = this.#cluster.network.breakAll(() => true)
        if (broken > 0) this.#count(fault.kind)
        return
      }
      case 'mischief':
        return this.#mischief(fault)
      case 'slowNetwork': {
        const { links } = this.#cluster.network
        links.latencyMs = fault.latencyMs
        this.#count(fault.kind)
        return this.#after(fault.forMs, () => {
          links.latencyMs = 0.3
        })
      }
      case 'slowDisk':
        return this.#onRunning(fault, ({ disk }) => {
          disk.state.latencyMs = fault.latencyMs
          this.#after(fault.forMs, () => {
            disk.state.latencyMs = 0.2
          })
        })
      case 'fullDisk':
        return this.#fillDisk(fault)
      case 'moveLeader':
        return this.#operator.moveLeader(() => this.#count(fault.kind))
      case 'replaceMember': {
        const victim = this.#cluster.find(fault.victim)
        if (victim) this.#operator.replace(victim, fault.asLearner, () => this.#count(fault.kind))
      }
    }
  }

  #crash(
    kind: FaultKind,
    machine: Machine | undefined,
    how: 'kill' | 'power',
    downMs: number,
  ): void {
    if (!machine?.isRunning) return
    this.#count(kind)
    machine.crash(how === 'kill' ? 'it was killed' : 'its power went', how)
    this.#after(downMs, () => machine.start())
  }

  #crashAtStep(fault: Extract<Fault, { kind: 'powerOffAtStep' }>): void {
    const machine = this.#cluster.find(fault.victim)
    if (!machine?.isRunning) return
    machine.crashAtStep(fault.steps, () => {
      this.#count(fault.kind)
      this.#after(fault.downMs, () => machine.start())
    })
  }

  #onRunning(fault: Extract<Fault, { victim: string }>, act: (machine: Machine) => void): void {
    const machine = this.#cluster.find(fault.victim)
    if (!machine?.isRunning) return
    this.#count(fault.kind)
    act(machine)
  }

  #cut({ kind, victim, forMs, direction, withClients }: Extract<Fault, { kind: 'cut' }>): void {
    const machine = this.#cluster.find(victim)
    if (!machine) return
    const { links } = this.#cluster.network
    const others = [...this.#cluster.machines.keys(), ...(withClients ? this.#clients : [])]
    const heals = others
      .filter((other) => other !== machine.name)
      .flatMap((other) => [
        ...(direction === 'from' ? [] : [links.cut(other, machine.name)]),
        ...(direction === 'to' ? [] : [links.cut(machine.name, other)]),
      ])
    const before = links.faults
    this.#after(forMs, () => {
      for (const heal of heals) heal()
      if (links.faults > before) this.#count(kind)
    })
  }

  #mischief({ kind, mischief, forMs }: Extract<Fault, { kind: 'mischief' }>): void {
    const { links } = this.#cluster.network
    const before = links.faults
    links.mischief = mischief
    this.#after(forMs, () => {
      links.mischief = noMischief
      if (links.faults > before) this.#count(kind)
    })
  }

  #fillDisk({ kind, victim, forMs }: Extract<Fault, { kind: 'fullDisk' }>): void {
    const disk = this.#cluster.find(victim)?.disk
    if (!disk) return
    const before = disk.faults
    disk.state.isFull = true
    this.#after(forMs, () => {
      disk.state.isFull = false
      if (disk.faults > before) this.#count(kind)
    })
  }

  #count(kind: FaultKind): void {
    this.effects.set(kind, (this.effects.get(kind) ?? 0) + 1)
  }

  #after(ms: number, run: () => void): void {
    this.#cluster.kernel.schedule(outside, ms, run)
  }
}
