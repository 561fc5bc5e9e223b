import type { PodInfo } from '../../cache/pod-info.ts'
import { startOf } from './select-victims.ts'
import type { Candidate } from './select-victims.ts'

/**
 * Where preemption hurts least: the fewest broken budgets, then the least important most important victim, the smallest
 * sum of priorities, the fewest victims, the latest start of the most important ones (pickOneNodeForPreemption).
 */
export function pickNode(candidates: readonly Candidate[]): Candidate | undefined {
  let best = candidates
  for (const cost of costs) {
    const least = Math.min(...best.map(cost))
    best = best.filter((candidate) => cost(candidate) === least)
    if (best.length <= 1) break
  }
  return best[0]
}

/** Negative priorities must not make more victims look cheaper; upstream shifts them all above zero too. */
const shift = 2 ** 31

const costs: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => victims[0]?.priority ?? Number.NEGATIVE_INFINITY,
  ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + shift, 0),
  ({ victims }) => victims.length,
  ({ victims }) => -earliestStart(victims),
]

function earliestStart(victims: readonly PodInfo[]): number {
  const top = victims.filter(({ priority }) => priority === victims[0]!.priority)
  return Math.min(...top.map(startOf))
}
