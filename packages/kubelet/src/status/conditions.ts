import type { ContainerStatus, Pod, PodCondition } from '@kemu/api'
import type { ObservedPod } from '../cri/observed-pod.ts'
import { podSandboxChanged } from '../sync/pod-sandbox-changed.ts'
import { initContainersOf, isSidecar } from '../sync/pod-spec.ts'

/** Conditions that the kubelet alone decides (PodConditionsByKubelet). */
const ownConditions = new Set([
  'PodScheduled',
  'Ready',
  'Initialized',
  'ContainersReady',
  'PodResizeInProgress',
  'PodResizePending',
  'PodReadyToStartContainers',
  'AllContainersRestarting',
])

export function isKubeletCondition(type: string): boolean {
  return ownConditions.has(type)
}

type Draft = Pick<PodCondition, 'status' | 'reason' | 'message'>

function condition(pod: Pod, type: string, draft: Draft): PodCondition {
  const { generation } = pod.metadata
  return { type, ...(generation !== undefined && { observedGeneration: generation }), ...draft }
}

export function readyToStartContainers(pod: Pod, observed: ObservedPod): PodCondition {
  const status = podSandboxChanged(pod, observed).changed ? 'False' : 'True'
  return condition(pod, 'PodReadyToStartContainers', { status })
}

export function containersReady(
  pod: Pod,
  statuses: readonly ContainerStatus[] | undefined,
  phase: string,
): PodCondition {
  return condition(pod, 'ContainersReady', containersReadiness(pod, statuses, phase))
}

/** Ready: all containers are, and so are the pod's readiness gates. */
export function podReady(
  pod: Pod,
  conditions: readonly PodCondition[],
  statuses: readonly ContainerStatus[] | undefined,
  phase: string,
): PodCondition {
  const containers = containersReadiness(pod, statuses, phase)
  if (containers.status !== 'True') return condition(pod, 'Ready', containers)
  const unready = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = conditions.find(({ type }) => type === conditionType)
    if (!gate)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    if (gate.status === 'True') return []
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`]
  })
  if (unready.length === 0) return condition(pod, 'Ready', { status: 'True' })
  const message = unready.join(', ')
  return condition(pod, 'Ready', { status: 'False', reason: 'ReadinessGatesNotReady', message })
}

function containersReadiness(
  pod: Pod,
  statuses: readonly ContainerStatus[] | undefined,
  phase: string,
): Draft {
  if (!statuses) return { status: 'False', reason: 'UnknownContainerStatuses' }
  const names = [...initContainersOf(pod).filter(isSidecar), ...pod.spec.containers].map(
    ({ name }) => name,
  )
  const of = new Map(statuses.map((status) => [status.name, status]))
  const unknown = names.filter((name) => !of.has(name))
  const unready = names.filter((name) => of.get(name)?.ready === false)
  if (phase === 'Succeeded' && unknown.length === 0)
    return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const message = namesMessage('unknown', unknown, 'unready', unready)
  if (message === '') return { status: 'True' }
  return { status: 'False', reason: 'ContainersNotReady', message }
}

export function podInitialized(
  pod: Pod,
  statuses: readonly ContainerStatus[] | undefined,
  phase: string,
): PodCondition {
  return condition(pod, 'Initialized', initialization(pod, statuses, phase))
}

function initialization(
  pod: Pod,
  statuses: readonly ContainerStatus[] | undefined,
  phase: string,
): Draft {
  const containers = initContainersOf(pod)
  if (!statuses && containers.length > 0)
    return { status: 'False', reason: 'UnknownContainerStatuses' }
  const of = new Map((statuses ?? []).map((status) => [status.name, status]))
  const unknown = containers.filter(({ name }) => !of.has(name)).map(({ name }) => name)
  const incomplete = containers
    .filter((container) => {
      const status = of.get(container.name)
      return status && !(isSidecar(container) ? status.started : status.ready)
    })
    .map(({ name }) => name)
  if (phase === 'Succeeded' && unknown.length === 0)
    return { status: 'True', reason: 'PodCompleted' }
  if (anyRegularStarted(pod, of)) return { status: 'True' }
  const message = namesMessage('unknown', unknown, 'incomplete', incomplete)
  if (message === '') return { status: 'True' }
  return { status: 'False', reason: 'ContainersNotInitialized', message }
}

function anyRegularStarted(pod: Pod, of: ReadonlyMap<string, ContainerStatus>): boolean {
  return pod.spec.containers.some(({ name }) => {
    const state = of.get(name)?.state
    return state?.running !== undefined || state?.terminated !== undefined
  })
}

export function podScheduled(pod: Pod): PodCondition {
  return condition(pod, 'PodScheduled', { status: 'True' })
}

/** Go prints a list as `[a b]`. */
function namesMessage(
  first: string,
  firstNames: readonly string[],
  second: string,
  secondNames: readonly string[],
): string {
  const parts: string[] = []
  if (firstNames.length > 0)
    parts.push(`containers with ${first} status: [${firstNames.join(' ')}]`)
  if (secondNames.length > 0)
    parts.push(`containers with ${second} status: [${secondNames.join(' ')}]`)
  return parts.join(', ')
}
