import { isJoint } from '../tracker/config.ts'
import type { TrackerConfig } from '../tracker/config.ts'
import type { ConfState } from '../types.ts'
import { assert } from '@kemu/base'

/** The configuration that a snapshot or a restart starts from. */
export function restoreConfig(state: ConfState): TrackerConfig {
  const config: TrackerConfig = {
    voters: { incoming: new Set(state.voters), outgoing: new Set(state.votersOutgoing) },
    learners: new Set(state.learners),
    learnersNext: new Set(state.learnersNext),
    autoLeave: state.autoLeave,
  }
  assert(isJoint(config) || !config.autoLeave, 'only a joint configuration leaves by itself')
  assert(isJoint(config) || config.learnersNext.size === 0, 'learnersNext without a joint change')
  return config
}
