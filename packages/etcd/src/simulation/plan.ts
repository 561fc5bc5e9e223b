import { seededRandom } from '@kemu/base'
import type { Random } from '@kemu/base'
import type { ClientPlan } from '../workload/clients.ts'
import { pick } from '../workload/pick.ts'
import type { Mischief } from './links.ts'

/** Whom a fault hits: a machine by name, or whoever leads then. */
export type Victim = string

export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'kill'; readonly victim: Victim; readonly downMs: number }
  | { readonly kind: 'powerOff'; readonly victim: Victim; readonly downMs: number }
  /** The machine loses its power in the middle of one of the next steps on its disk. */
  | {
      readonly kind: 'powerOffAtStep'
      readonly victim: Victim
      readonly steps: number
      readonly downMs: number
    }
  | { readonly kind: 'powerOffAll'; readonly downMs: number }
  | { readonly kind: 'pause'; readonly victim: Victim; readonly forMs: number }
  | {
      readonly kind: 'cut'
      readonly victim: Victim
      readonly forMs: number
      readonly direction: 'both' | 'to' | 'from'
      /** Clients are cut off from it as well. */
      readonly withClients: boolean
    }
  | { readonly kind: 'breakConnections' }
  | { readonly kind: 'mischief'; readonly mischief: Mischief; readonly forMs: number }
  | { readonly kind: 'slowNetwork'; readonly latencyMs: number; readonly forMs: number }
  | {
      readonly kind: 'slowDisk'
      readonly victim: Victim
      readonly latencyMs: number
      readonly forMs: number
    }
  | { readonly kind: 'fullDisk'; readonly victim: Victim; readonly forMs: number }
  | { readonly kind: 'clockJump'; readonly victim: Victim; readonly jumpMs: number }
  | { readonly kind: 'moveLeader' }
  | { readonly kind: 'replaceMember'; readonly victim: Victim; readonly asLearner: boolean }
)

export type FaultKind = Fault['kind']

/** All that a schedule is: the same plan gives the same run. */
export interface Plan {
  readonly seed: number
  readonly climate: Climate
  readonly members: number
  /** Faults begin in this time; then everything is healed and looked at. */
  readonly durationMs: number
  readonly clockRates: readonly number[]
  readonly snapshotCount: number
  readonly catchUpEntries: number
  readonly segmentBytes: number
  readonly faults: readonly Fault[]
  readonly clients: readonly ClientPlan[]
}

/** What presses on the cluster in one schedule. */
export const climates = {
  calm: ['breakConnections', 'moveLeader'],
  crashes: ['kill', 'powerOff', 'powerOffAtStep', 'powerOffAll'],
  network: ['cut', 'mischief', 'breakConnections', 'slowNetwork'],
  pauses: ['pause', 'clockJump', 'cut'],
  disks: ['slowDisk', 'fullDisk', 'powerOff', 'powerOffAtStep'],
  members: ['replaceMember', 'kill', 'cut', 'moveLeader'],
  everything: [
    'kill',
    'powerOff',
    'powerOffAtStep',
    'powerOffAll',
    'pause',
    'cut',
    'breakConnections',
    'mischief',
    'slowNetwork',
    'slowDisk',
    'fullDisk',
    'clockJump',
    'moveLeader',
    'replaceMember',
  ],
} as const satisfies Record<string, readonly FaultKind[]>

export type Climate = keyof typeof climates

/** The first fault comes when there is something to lose. */
const quietMs = 800

export function planOf(seed: number, chosen?: Climate): Plan {
  const random = seededRandom(seed)
  const names = Object.keys(climates) as Climate[]
  const climate = chosen ?? pick(random, names)
  const members = climate === 'calm' ? pick(random, [1, 3]) : pick(random, [3, 3, 3, 5])
  const durationMs = 4000 + random.int(4000)
  const count = 3 + random.int(8)
  const kinds: readonly FaultKind[] = climates[climate]
  const faults = Array.from({ length: count }, () => {
    const atMs = quietMs + random.int(durationMs - quietMs)
    return faultOf(random, pick(random, kinds), atMs, members)
  })
  faults.sort((a, b) => a.atMs - b.atMs)
  return {
    seed,
    climate,
    members,
    durationMs,
    clockRates: Array.from({ length: members + 3 }, () => pick(random, [1, 1, 0.95, 1.05, 1.2])),
    snapshotCount: pick(random, [10, 40, 10_000]),
    catchUpEntries: pick(random, [5, 20, 5000]),
    segmentBytes: pick(random, [2 << 10, 8 << 10, 1 << 20]),
    faults,
    clients: clientsOf(random),
  }
}

function clientsOf(random: Random): ClientPlan[] {
  const many = (kind: ClientPlan['kind'], count: number, rounds: number): ClientPlan[] =>
    Array.from({ length: count }, (_, i) => ({ kind, name: `${kind}${i + 1}`, rounds }))
  return [
    ...many('kv', 3 + random.int(3), 60),
    ...many('watch', 3, 12),
    ...many('lease', 2, 3),
    ...many('compact', random.int(2), 8),
  ]
}

function faultOf(random: Random, kind: FaultKind, atMs: number, members: number): Fault {
  const victim = pick(random, ['leader', `m${1 + random.int(members)}`])
  const forMs = 100 + random.int(2000)
  const downMs = 50 + random.int(1500)
  switch (kind) {
    case 'kill':
    case 'powerOff':
      return { kind, atMs, victim, downMs }
    case 'powerOffAtStep':
      return { kind, atMs, victim, steps: 1 + random.int(30), downMs }
    case 'powerOffAll':
      return { kind, atMs, downMs }
    case 'pause':
      return { kind, atMs, victim, forMs }
    case 'cut': {
      const direction = pick(random, ['both', 'both', 'to', 'from'] as const)
      return { kind, atMs, victim, forMs, direction, withClients: random.int(3) === 0 }
    }
    case 'breakConnections':
    case 'moveLeader':
      return { kind, atMs }
    case 'mischief': {
      const share = (): number => pick(random, [0, 0.05, 0.3])
      const mischief = { loss: share(), duplicate: share(), reorder: share() }
      return { kind, atMs, forMs, mischief }
    }
    case 'slowNetwork':
      return { kind, atMs, forMs, latencyMs: pick(random, [5, 40, 200]) }
    case 'slowDisk':
      return { kind, atMs, victim, forMs, latencyMs: pick(random, [5, 50, 400]) }
    case 'fullDisk':
      return { kind, atMs, victim, forMs }
    case 'clockJump':
      return { kind, atMs, victim, jumpMs: pick(random, [-3_600_000, 3_600_000, 5000]) }
    case 'replaceMember':
      return { kind, atMs, victim, asLearner: random.int(2) === 0 }
  }
}

export function describeFault(fault: Fault): string {
  const { kind, atMs: _, ...rest } = fault
  return [
    kind,
    ...Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  ].join(' ')
}
