import type { Pod, PodCondition } from '../generated/types.ts'

/** Ended for good: nothing of it will run again. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

function podConditionOf(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)
}

export function isPodConditionTrue(pod: Pod, type: string): boolean {
  return podConditionOf(pod, type)?.status === 'True'
}
