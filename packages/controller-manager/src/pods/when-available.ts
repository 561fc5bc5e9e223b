import type { Pod } from '@kemu/api'
import { done, podAvailableInMs, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'

/** A ready pod becomes available by time alone when minReadySeconds is set: when to look again. */
export function whenNextAvailable(
  own: readonly Pod[],
  minReadySeconds: number | undefined,
  nowMs: number,
): Result {
  const waits = own
    .map((pod) => podAvailableInMs(pod, minReadySeconds ?? 0, nowMs))
    .filter((ms) => ms !== undefined && ms > 0) as number[]
  return waits.length === 0 ? done : requeueAfter(Math.min(...waits))
}
