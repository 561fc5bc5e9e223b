import { Quantity } from '@kemu/api'
import type { Machine } from './machine.ts'

export type ResourceList = Readonly<Record<string, string>>

export interface NodeResources {
  readonly capacity: ResourceList
  readonly allocatable: ResourceList
}

export interface Reservations {
  readonly maxPods: number
  readonly kubeReserved: ResourceList
  readonly systemReserved: ResourceList
  /** Signals of eviction: what is kept free cannot be given away. */
  readonly evictionHard: ResourceList
}

/** What the node has, and what of it pods may ask for. Pure. */
export function nodeResources(machine: Machine, reserved: Reservations): NodeResources {
  const capacity = new Map<string, Quantity>([
    ['cpu', Quantity.ofUnits(machine.cpus)],
    ['ephemeral-storage', kibi(machine.diskBytes)],
    ['hugepages-1Gi', Quantity.ofUnits(0)],
    ['hugepages-2Mi', Quantity.ofUnits(0)],
    ['memory', kibi(machine.memoryBytes)],
    ['pods', Quantity.ofUnits(reserved.maxPods)],
  ])
  const allocatable = new Map<string, Quantity>()
  for (const [name, amount] of capacity) {
    const withheld = [
      reserved.kubeReserved[name],
      reserved.systemReserved[name],
      thresholdOf(name, amount, reserved.evictionHard),
    ]
    const left = withheld.reduce(
      (rest, text) => (text === undefined ? rest : rest.subtract(Quantity.parse(text))),
      amount,
    )
    allocatable.set(name, left.nanos < 0n ? Quantity.ofUnits(0) : left)
  }
  // What is left of a disk is told in bytes (GetNodeAllocatableReservation computes a share in
  // bytes).
  const disk = allocatable.get('ephemeral-storage')!
  allocatable.set('ephemeral-storage', Quantity.ofUnits(disk.units))
  return { capacity: texts(capacity), allocatable: texts(allocatable) }
}

function kibi(bytes: number): Quantity {
  return Quantity.ofUnits(bytes, 'BinarySI')
}

const signals: Readonly<Record<string, string>> = {
  memory: 'memory.available',
  'ephemeral-storage': 'nodefs.available',
}

function thresholdOf(
  resource: string,
  amount: Quantity,
  evictionHard: ResourceList,
): string | undefined {
  const threshold = evictionHard[signals[resource] ?? '']
  const share = /^([\d.]+)%$/.exec(threshold ?? '')
  if (!share) return threshold
  return String(Math.floor((amount.units * Number(share[1])) / 100))
}

function texts(amounts: ReadonlyMap<string, Quantity>): ResourceList {
  return Object.fromEntries(
    [...amounts].map(([name, amount]) => [name, amount.toString()] as const),
  )
}
