import type { Pod } from '@kemu/api'
import { finishedAtMs } from './finished-pod.ts'

/** DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff. */
const initialMs = 10_000
const longestMs = 10 * 60_000

/** How often pods failed since one succeeded, and when the last one did. */
export interface FailureRecord {
  readonly count: number
  readonly lastMs: number
}

export const noFailures: FailureRecord = { count: 0, lastMs: 0 }

/** The record after pods have ended that it does not know yet. */
export function recordEnds(
  record: FailureRecord,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): FailureRecord {
  const failures = failed.map(finishedAtMs)
  if (succeeded.length === 0) {
    if (failures.length === 0) return record
    return { count: record.count + failures.length, lastMs: Math.max(...failures) }
  }
  const successMs = Math.max(...succeeded.map(finishedAtMs))
  const later = failures.filter((ms) => ms > successMs)
  return later.length === 0 ? noFailures : { count: later.length, lastMs: Math.max(...later) }
}

/** How long the next pod waits; 0 when it need not. */
export function backoffLeftMs({ count, lastMs }: FailureRecord, nowMs: number): number {
  if (count === 0) return 0
  const backoffMs = Math.min(longestMs, initialMs * 2 ** (count - 1))
  return Math.max(0, lastMs + backoffMs - nowMs)
}
