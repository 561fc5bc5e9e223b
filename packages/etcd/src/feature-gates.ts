import { FlagError } from '@kemu/base'
import type { Flags } from '@kemu/base'
import type { etcdFlags } from './flags.ts'

/** What --feature-gates, or the flags that came before it, switch on. */
export interface Features {
  /** A member compares its data with the others before it serves. */
  readonly InitialCorruptCheck: boolean
  /** The leader compares what compactions left on each member. */
  readonly CompactHashCheck: boolean
  /** The leader notes in the log what is left of long leases. */
  readonly LeaseCheckpoint: boolean
}

export type FeatureName = keyof Features

interface Gate {
  readonly stage: 'ALPHA' | 'BETA'
  readonly default: boolean
  /** `switch`: does what it says. `always`, `never`: how it is here, whatever its default; the rest is refused. */
  readonly here: 'switch' | 'always' | 'never'
}

/** Gates of etcd 3.6 (server/features), in the order of its metrics. */
export const featureGates: Readonly<Record<string, Gate>> = {
  AllAlpha: { stage: 'ALPHA', default: false, here: 'never' },
  AllBeta: { stage: 'BETA', default: false, here: 'never' },
  CompactHashCheck: { stage: 'ALPHA', default: false, here: 'switch' },
  InitialCorruptCheck: { stage: 'ALPHA', default: false, here: 'switch' },
  LeaseCheckpoint: { stage: 'ALPHA', default: false, here: 'switch' },
  // A checkpoint is part of the state like any other change: there is no choice to forget it.
  LeaseCheckpointPersist: { stage: 'ALPHA', default: false, here: 'always' },
  SetMemberLocalAddr: { stage: 'ALPHA', default: false, here: 'never' },
  // Nothing stops for a defragmentation here.
  StopGRPCServiceOnDefrag: { stage: 'ALPHA', default: false, here: 'never' },
  TxnModeWriteWithSharedBuffer: { stage: 'BETA', default: true, here: 'always' },
}

const oldNames: Readonly<Record<FeatureName, keyof typeof etcdFlags>> = {
  InitialCorruptCheck: 'experimental-initial-corrupt-check',
  CompactHashCheck: 'experimental-compact-hash-check-enabled',
  LeaseCheckpoint: 'experimental-enable-lease-checkpoint',
}

/** Throws a FlagError for a gate that there is not, or that we cannot turn that way. */
export function parseFeatures(flags: Flags<typeof etcdFlags>): Features {
  const given = flags['feature-gates']
  for (const [name, value] of Object.entries(given)) checkGate(name, value)
  const isOn = (name: FeatureName): boolean =>
    given[name] === undefined ? flags[oldNames[name]] === true : given[name] === 'true'
  return {
    InitialCorruptCheck: isOn('InitialCorruptCheck'),
    CompactHashCheck: isOn('CompactHashCheck'),
    LeaseCheckpoint: isOn('LeaseCheckpoint'),
  }
}

function checkGate(name: string, value: string): void {
  const gate = featureGates[name]
  if (!gate) throw new FlagError(`unrecognized feature gate: ${name}`)
  if (value !== 'true' && value !== 'false') {
    throw new FlagError(`invalid value of ${name}=${value}, err: must be true or false`)
  }
  if (gate.here === 'never' && value === 'true') {
    throw new FlagError(`feature gate ${name} is not emulated by kemu`)
  }
  if (gate.here === 'always' && value === 'false') {
    throw new FlagError(`feature gate ${name} cannot be turned off in kemu`)
  }
}
