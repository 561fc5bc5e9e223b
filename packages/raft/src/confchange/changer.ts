import { assert } from '@kemu/base'
import type { NodeId } from '../types.ts'
import { isJoint } from '../tracker/config.ts'
import type { TrackerConfig } from '../tracker/config.ts'
import type { ConfChange, ConfChangeStep } from './conf-change.ts'

/** The configuration after a change, or why it cannot be made now. */
export type ConfChangePlan =
  | { readonly ok: true; readonly config: TrackerConfig }
  | { readonly ok: false; readonly reason: string }

/** Computes a change; the configuration that it starts from is not touched. */
export function planConfChange(config: TrackerConfig, change: ConfChange): ConfChangePlan {
  if (change.steps.length === 0) return leaveJoint(config)
  if (isJoint(config)) return refuse('the configuration is joint; leave it first')
  const needsJoint = change.transition !== 'auto' || change.steps.length > 1
  return needsJoint
    ? enterJoint(config, change.steps, change.transition !== 'jointExplicit')
    : simple(config, change.steps)
}

/** One server at a time: any two majorities of old and new overlap (section 4.1). */
function simple(config: TrackerConfig, steps: readonly ConfChangeStep[]): ConfChangePlan {
  const next = applySteps(config, steps)
  const { incoming } = next.voters
  assert(
    symmetricDifference(config.voters.incoming, incoming) <= 1,
    'a simple change moves at most one voter',
  )
  return checked(next)
}

/** Old and new voters must both agree until the change is committed: C(old,new) (section 4.3). */
function enterJoint(
  config: TrackerConfig,
  steps: readonly ConfChangeStep[],
  autoLeave: boolean,
): ConfChangePlan {
  const { incoming } = config.voters
  if (incoming.size === 0) return refuse('a configuration without voters cannot become joint')
  const joint = { ...config, voters: { incoming, outgoing: incoming }, autoLeave }
  return checked(applySteps(joint, steps))
}

/** From C(old,new) to C(new). */
function leaveJoint(config: TrackerConfig): ConfChangePlan {
  if (!isJoint(config)) return refuse('the configuration is not joint')
  return checked({
    voters: { incoming: config.voters.incoming, outgoing: new Set() },
    learners: new Set([...config.learners, ...config.learnersNext]),
    learnersNext: new Set(),
    autoLeave: false,
  })
}

function applySteps(config: TrackerConfig, steps: readonly ConfChangeStep[]): TrackerConfig {
  const incoming = new Set(config.voters.incoming)
  const { outgoing } = config.voters
  const learners = new Set(config.learners)
  const learnersNext = new Set(config.learnersNext)
  const forget = (id: NodeId): void => {
    incoming.delete(id)
    learners.delete(id)
    learnersNext.delete(id)
  }
  for (const { kind, node } of steps) {
    forget(node)
    if (kind === 'addVoter') incoming.add(node)
    // Still a voter of the old side: being both voter and learner would count its word twice, so it waits.
    else if (kind === 'addLearner') (outgoing.has(node) ? learnersNext : learners).add(node)
  }
  return { voters: { incoming, outgoing }, learners, learnersNext, autoLeave: config.autoLeave }
}

function checked(config: TrackerConfig): ConfChangePlan {
  const { incoming, outgoing } = config.voters
  if (incoming.size === 0) return refuse('the last voter cannot be removed')
  for (const id of config.learners) {
    assert(!incoming.has(id) && !outgoing.has(id), `${id} is learner and voter`)
  }
  for (const id of config.learnersNext) assert(outgoing.has(id), `${id} is no outgoing voter`)
  return { ok: true, config }
}

function refuse(reason: string): ConfChangePlan {
  return { ok: false, reason }
}

function symmetricDifference(a: ReadonlySet<NodeId>, b: ReadonlySet<NodeId>): number {
  let count = 0
  for (const id of a) if (!b.has(id)) count += 1
  for (const id of b) if (!a.has(id)) count += 1
  return count
}
