import { parseTime } from '@kemu/api'
import type { CronJob } from '@kemu/api'
import type { CronSchedule } from './cron-schedule.ts'

/** More than this many starts missed are told. */
const manyMissed = 100
/** nextScheduleDelta: a job comes a little after its time rather than before it. */
const slackMs = 100

export interface DueTime {
  /** The latest start that is due and not made yet; undefined: none. */
  readonly dueMs?: number
  readonly missedMany: boolean
  /** When to look again; undefined: never. */
  readonly nextInMs?: number
}

/** What the schedule asks for now (mostRecentScheduleTime). */
export function dueTime(
  { metadata, spec, status }: CronJob,
  schedule: CronSchedule,
  nowMs: number,
): DueTime {
  const lastMs = parseTime(status.lastScheduleTime ?? metadata.creationTimestamp)
  const deadline = spec.startingDeadlineSeconds
  const fromMs = deadline === undefined ? lastMs : Math.max(lastMs, nowMs - deadline * 1000)
  const missed = lastDue(schedule, fromMs, nowMs)
  const next = schedule.next(Math.max(nowMs, lastMs))
  return {
    ...(missed && { dueMs: missed.dueMs }),
    missedMany: (missed?.count ?? 0) > manyMissed,
    ...(next !== undefined && { nextInMs: next + slackMs - nowMs }),
  }
}

/** Counts by the distance of the first two, for a schedule may have been missed for a long time. */
function lastDue(
  schedule: CronSchedule,
  fromMs: number,
  nowMs: number,
): { readonly dueMs: number; readonly count: number } | undefined {
  const first = schedule.next(fromMs)
  if (first === undefined || first > nowMs) return undefined
  const second = schedule.next(first)
  if (second === undefined || second > nowMs) return { dueMs: first, count: 1 }
  const periodMs = second - first
  const count = Math.floor((nowMs - first) / periodMs) + 1
  let dueMs = first
  let at = schedule.next(first + Math.max(0, count - 2) * periodMs - 1)
  while (at !== undefined && at <= nowMs) {
    dueMs = at
    at = schedule.next(at)
  }
  return { dueMs, count }
}
