import { isPodTerminal } from '@kemu/api'
import type { ControllerRevision, Pod, StatefulSet } from '@kemu/api'
import { podAvailable } from '@kemu/controller-runtime'
import { firstOrdinal, isInRange, ordinalOf, podNameLabel, revisionOf } from './stateful-pod.ts'

export interface StatefulInput {
  readonly set: StatefulSet
  /** The set's pods, ended and terminating ones too. */
  readonly pods: readonly Pod[]
  /** What pods below the partition run, and those of a rollout that is not over. */
  readonly current: ControllerRevision
  readonly update: ControllerRevision
  readonly nowMs: number
  /** Also true for a pod whose deletion the cache does not show yet. */
  readonly isTerminating: (pod: Pod) => boolean
}

export type StatefulAction =
  | { readonly kind: 'create'; readonly ordinal: number; readonly revision: ControllerRevision }
  | { readonly kind: 'delete'; readonly pod: Pod }
  /** Labels or volumes of the pod are not what its ordinal asks for. */
  | { readonly kind: 'identify'; readonly pod: Pod; readonly ordinal: number }
  /** A pending pod's claims, should one be missing. */
  | { readonly kind: 'claims'; readonly ordinal: number }

/**
 * One pass (updateStatefulSet): first the pods of all ordinals, from the lowest; then those beyond the range, from the
 * highest; then the rollout, from the highest. In order, each step waits until all before it are available; a Parallel
 * set takes the steps of all its pods at once.
 */
export function planStatefulSet(input: StatefulInput): StatefulAction[] {
  const { set } = input
  if (set.metadata.deletionTimestamp !== undefined) return []
  const inOrder = set.spec.podManagementPolicy !== 'Parallel'
  const replicas = replicasOf(input)
  const condemned = condemnedOf(input)
  const actions: StatefulAction[] = []
  for (const [ordinal, pod] of replicas) {
    const step = replicaStep(input, ordinal, pod)
    actions.push(...step.actions)
    if (inOrder && !step.passes) return actions
  }
  const firstUnhealthy = unhealthy(input, [...replicas.values(), ...[...condemned].reverse()])[0]
  for (const pod of condemned) {
    if (input.isTerminating(pod)) {
      if (inOrder) return actions
      continue
    }
    if (inOrder && !isAvailable(input, pod) && pod !== firstUnhealthy) return actions
    actions.push({ kind: 'delete', pod })
    if (inOrder) return actions
  }
  return [...actions, ...rolloutStep(input, replicas)]
}

/** By ordinal; undefined: missing. */
function replicasOf({ set, pods }: StatefulInput): Map<number, Pod | undefined> {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod, set), pod]))
  const first = firstOrdinal(set)
  const ordinals = Array.from({ length: set.spec.replicas ?? 1 }, (_, i) => first + i)
  return new Map(ordinals.map((ordinal) => [ordinal, byOrdinal.get(ordinal)]))
}

/** Pods beyond the range, the highest first. */
function condemnedOf({ set, pods }: StatefulInput): Pod[] {
  const order = (pod: Pod): number => ordinalOf(pod, set) ?? -1
  return pods
    .filter((pod) => order(pod) >= 0 && !isInRange(order(pod), set))
    .sort((a, b) => order(b) - order(a))
}

interface Step {
  readonly actions: readonly StatefulAction[]
  /** Whether the next pod may be looked at. */
  readonly passes: boolean
}

function replicaStep(input: StatefulInput, ordinal: number, pod: Pod | undefined): Step {
  if (!pod) {
    const revision = revisionFor(input, ordinal)
    return { actions: [{ kind: 'create', ordinal, revision }], passes: false }
  }
  if (isPodTerminal(pod)) {
    const actions: StatefulAction[] = input.isTerminating(pod) ? [] : [{ kind: 'delete', pod }]
    return { actions, passes: false }
  }
  const needsClaims = (input.set.spec.volumeClaimTemplates ?? []).length > 0
  const isPending = (pod.status?.phase ?? 'Pending') === 'Pending'
  const claims: StatefulAction[] = needsClaims && isPending ? [{ kind: 'claims', ordinal }] : []
  const isSettled = !input.isTerminating(pod) && isAvailable(input, pod)
  const inOrder = input.set.spec.podManagementPolicy !== 'Parallel'
  if (inOrder && !isSettled) return { actions: claims, passes: false }
  if (pod.metadata.labels?.[podNameLabel] === pod.metadata.name)
    return { actions: claims, passes: true }
  return { actions: [...claims, { kind: 'identify', pod, ordinal }], passes: true }
}

/** A pod that must be made anew during a rollout gets the revision of its side of the partition. */
function revisionFor({ set, current, update }: StatefulInput, ordinal: number) {
  const { updateStrategy } = set.spec
  if (updateStrategy?.type === 'OnDelete') return update
  const { rollingUpdate } = updateStrategy ?? {}
  const below = rollingUpdate ? (rollingUpdate.partition ?? 0) : (set.status.currentReplicas ?? 0)
  return ordinal < firstOrdinal(set) + below ? current : update
}

function isAvailable({ set, nowMs }: StatefulInput, pod: Pod): boolean {
  return podAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)
}

function unhealthy(input: StatefulInput, pods: readonly (Pod | undefined)[]): Pod[] {
  return pods.filter(
    (pod): pod is Pod =>
      pod !== undefined && (input.isTerminating(pod) || !isAvailable(input, pod)),
  )
}

/** The highest pod of another revision, once those above it are available. */
function rolloutStep(
  input: StatefulInput,
  replicas: ReadonlyMap<number, Pod | undefined>,
): StatefulAction[] {
  const { set, update } = input
  if (set.spec.updateStrategy?.type === 'OnDelete') return []
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  const all = [...replicas.values()]
  for (let target = all.length - 1; target >= partition; target--) {
    const pod = all[target]
    if (!pod) return []
    if (revisionOf(pod) !== update.metadata.name && !input.isTerminating(pod))
      return [{ kind: 'delete', pod }]
    if (unhealthy(input, [pod]).length > 0) return []
  }
  return []
}
