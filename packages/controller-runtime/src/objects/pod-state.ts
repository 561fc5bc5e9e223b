import { isPodTerminal, parseTime } from '@kemu/api'
import type { Pod, PodCondition } from '@kemu/api'

/** Neither ended nor on its way out (controller.IsPodActive). */
export function podActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined
}

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)
}

export function podReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** When a ready pod becomes available; 0 when it already is, undefined while it is not ready. */
export function podAvailableInMs(
  pod: Pod,
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  if (!podReady(pod)) return undefined
  if (minReadySeconds === 0) return 0
  const since = parseTime(podCondition(pod, 'Ready')!.lastTransitionTime ?? '')
  if (Number.isNaN(since)) return undefined
  return Math.max(0, since + minReadySeconds * 1000 - nowMs)
}

export function podAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  return podAvailableInMs(pod, minReadySeconds, nowMs) === 0
}

/** The conditions with this one in it; its transition time stays when the status did not change. */
export function withPodCondition(
  conditions: readonly PodCondition[] | undefined,
  condition: PodCondition,
  now: string,
): PodCondition[] {
  const old = conditions?.find((c) => c.type === condition.type)
  const transition = old?.status === condition.status ? old.lastTransitionTime : now
  const next = { ...old, ...condition, lastTransitionTime: transition ?? now }
  const others = (conditions ?? []).filter((c) => c.type !== condition.type)
  return old ? (conditions ?? []).map((c) => (c === old ? next : c)) : [...others, next]
}
