import { deepEqual, formatTime, parseTime } from '@kemu/api'
import type { Condition, Pod, PodDisruptionBudget } from '@kemu/api'
import { podReady } from '@kemu/controller-runtime'
import { amountOrShare } from '../pods/percentage.ts'

/** DeletionTimeout: a pod whose eviction was allowed should be on its way out by then. */
const deletionTimeoutMs = 2 * 60_000

/** How many pods there should be, where the budget must know that: of all controllers of its pods together. */
export interface ExpectedScale {
  readonly count: number
}

export interface DisruptionPlan {
  readonly status: PodDisruptionBudget['status']
  /** Pods that were to go and did not. */
  readonly overdue: readonly Pod[]
  /** When the next eviction that nobody confirmed is overdue. */
  readonly recheckInMs?: number
}

/** Whether the budget counts from the scale of its pods' controllers. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string'
}

/** The budget's status for these pods (trySync). */
export function planDisruptions(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: ExpectedScale,
  nowMs: number,
): DisruptionPlan {
  const { status, metadata } = budget
  const { expected, desired } = wanted(budget, pods, scale)
  const disrupted = disruptedPods(budget, pods, nowMs)
  const currentHealthy = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      disrupted.pending[pod.metadata.name] === undefined &&
      podReady(pod),
  ).length
  const left = expected <= 0 ? 0 : Math.max(0, currentHealthy - desired)
  const observedGeneration = metadata.generation ?? 0
  const next: PodDisruptionBudget['status'] = {
    conditions: withAllowed(status.conditions ?? [], left > 0, observedGeneration, nowMs),
    currentHealthy,
    desiredHealthy: desired,
    ...(Object.keys(disrupted.pending).length > 0 && { disruptedPods: disrupted.pending }),
    disruptionsAllowed: left,
    expectedPods: expected,
    observedGeneration,
  }
  const { overdue, recheckInMs } = disrupted
  return {
    status: deepEqual(next, status) ? status : next,
    overdue,
    ...(recheckInMs !== undefined && { recheckInMs }),
  }
}

function wanted(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  { count }: ExpectedScale,
): { readonly expected: number; readonly desired: number } {
  const { maxUnavailable, minAvailable } = spec
  if (maxUnavailable !== undefined)
    return {
      expected: count,
      desired: Math.max(0, count - amountOrShare(maxUnavailable, count, 'up')),
    }
  if (typeof minAvailable === 'string')
    return { expected: count, desired: amountOrShare(minAvailable, count, 'up') }
  return minAvailable === undefined
    ? { expected: 0, desired: 0 }
    : { expected: pods.length, desired: minAvailable }
}

interface DisruptedPods {
  /** Evictions that were allowed and whose pods are still there, by name. */
  readonly pending: Readonly<Record<string, string>>
  readonly overdue: readonly Pod[]
  readonly recheckInMs?: number
}

function disruptedPods(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  nowMs: number,
): DisruptedPods {
  const pending: Record<string, string> = {}
  const overdue: Pod[] = []
  const waits: number[] = []
  for (const pod of pods) {
    const since = status.disruptedPods?.[pod.metadata.name]
    if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue
    const leftMs = parseTime(since) + deletionTimeoutMs - nowMs
    if (leftMs < 0) overdue.push(pod)
    else {
      pending[pod.metadata.name] = since
      // One more: at the moment itself it is not overdue yet.
      waits.push(leftMs + 1)
    }
  }
  return { pending, overdue, ...(waits.length > 0 && { recheckInMs: Math.min(...waits) }) }
}

function withAllowed(
  conditions: readonly Condition[],
  isAllowed: boolean,
  observedGeneration: number,
  nowMs: number,
): Condition[] {
  const reason = isAllowed ? 'SufficientPods' : 'InsufficientPods'
  return withCondition(conditions, isAllowed, { reason, message: '' }, observedGeneration, nowMs)
}

/** The conditions with DisruptionAllowed as told; its time moves only with its status. */
export function withCondition(
  conditions: readonly Condition[],
  isAllowed: boolean,
  { reason, message }: { readonly reason: string; readonly message: string },
  observedGeneration: number,
  nowMs: number,
): Condition[] {
  const type = 'DisruptionAllowed'
  const status = isAllowed ? 'True' : 'False'
  const old = conditions.find((condition) => condition.type === type)
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(nowMs)
  const next = { type, status, reason, message, observedGeneration, lastTransitionTime }
  return old ? conditions.map((c) => (c === old ? next : c)) : [...conditions, next]
}
