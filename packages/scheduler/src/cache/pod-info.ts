import { parseTime, selectorOf } from '@kemu/api'
import type { Pod, PodAffinityTerm, Selector } from '@kemu/api'
import { podAssumedRequests, podRequests } from '@kemu/controller-runtime'
import type { Amounts } from '@kemu/controller-runtime'

/** One (anti-)affinity term, parsed; what it selects is fixed by the pod that has it. */
export interface AffinityTerm {
  readonly topologyKey: string
  readonly namespaces: ReadonlySet<string>
  readonly namespaceSelector: Selector
  readonly selector: Selector
  /** 1 for required terms. */
  readonly weight: number
}

export interface AffinityTerms {
  readonly requiredAffinity: readonly AffinityTerm[]
  readonly requiredAntiAffinity: readonly AffinityTerm[]
  readonly preferredAffinity: readonly AffinityTerm[]
  readonly preferredAntiAffinity: readonly AffinityTerm[]
}

export interface HostPort {
  readonly address: string
  readonly protocol: string
  readonly port: number
}

const noTerms: AffinityTerms = {
  requiredAffinity: [],
  requiredAntiAffinity: [],
  preferredAffinity: [],
  preferredAntiAffinity: [],
}

/** A pod and what scheduling needs of it, computed once. */
export class PodInfo {
  readonly pod: Pod
  readonly uid: string
  readonly key: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly priority: number
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly ephemeralBytes: number
  /** Requests besides cpu, memory and ephemeral storage. */
  readonly scalars: Amounts
  /** With assumed requests for containers that state none; only for scoring. */
  readonly assumedCpuMillis: number
  readonly assumedMemoryBytes: number
  readonly hostPorts: readonly HostPort[]
  readonly affinity: AffinityTerms

  constructor(pod: Pod) {
    this.pod = pod
    this.uid = pod.metadata.uid
    this.namespace = pod.metadata.namespace ?? ''
    this.key = `${this.namespace}/${pod.metadata.name}`
    this.labels = pod.metadata.labels ?? {}
    this.priority = pod.spec.priority ?? 0
    const requests = podRequests(pod)
    const assumed = podAssumedRequests(pod)
    this.cpuMillis = take(requests, 'cpu')
    this.memoryBytes = take(requests, 'memory')
    this.ephemeralBytes = take(requests, 'ephemeral-storage')
    this.scalars = requests
    this.assumedCpuMillis = take(assumed, 'cpu')
    this.assumedMemoryBytes = take(assumed, 'memory')
    this.hostPorts = hostPortsOf(pod)
    this.affinity = affinityOf(pod)
  }

  get terminating(): boolean {
    return this.pod.metadata.deletionTimestamp !== undefined
  }

  get hasAffinity(): boolean {
    return this.affinity !== noTerms
  }

  /** When the pod started to run; now for one that has not (scheduler util GetPodStartTime). */
  startMs(nowMs: number): number {
    const startTime = this.pod.status?.startTime
    return startTime === undefined ? nowMs : parseTime(startTime)
  }
}

function take(amounts: Amounts, name: string): number {
  const amount = amounts.get(name) ?? 0
  amounts.delete(name)
  return amount
}

function hostPortsOf(pod: Pod): HostPort[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  return [...sidecars, ...pod.spec.containers].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map((port) => ({
        address: port.hostIP || '0.0.0.0',
        protocol: port.protocol || 'TCP',
        port: port.hostPort!,
      })),
  )
}

function affinityOf(pod: Pod): AffinityTerms {
  const affinity = pod.spec.affinity
  const near = affinity?.podAffinity
  const far = affinity?.podAntiAffinity
  if (!near && !far) return noTerms
  const parse = (terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map((term) => parseTerm(pod, term, 1))
  const parseWeighted = (
    terms: readonly { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined,
  ): AffinityTerm[] =>
    (terms ?? []).map((term) => parseTerm(pod, term.podAffinityTerm, term.weight))
  return {
    requiredAffinity: parse(near?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: parse(far?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: parseWeighted(near?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: parseWeighted(far?.preferredDuringSchedulingIgnoredDuringExecution),
  }
}

/** Without namespaces and namespaceSelector a term speaks of its pod's own namespace. */
function parseTerm(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const own = !term.namespaceSelector && (term.namespaces ?? []).length === 0
  return {
    topologyKey: term.topologyKey,
    namespaces: new Set(own ? [pod.metadata.namespace ?? ''] : term.namespaces),
    namespaceSelector: selectorOf(term.namespaceSelector),
    selector: selectorOf(term.labelSelector),
    weight,
  }
}
