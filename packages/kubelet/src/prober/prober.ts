import type { Container, Pod, Probe } from '@kemu/api'
import type { ObservedPod } from '../cri/observed-pod.ts'
import { findContainer } from '../cri/observed-pod.ts'
import type { ProbeKind, ProbeKnowledge } from '../status/probe-status.ts'
import type { ProbeVerdict, ProbeVerdicts } from '../sync/pod-actions.ts'
import { initContainersOf, isSidecar } from '../sync/pod-spec.ts'
import { ProbeWorker } from './probe-worker.ts'
import type { ProbeCounts, ProbeWorkerDeps } from './probe-worker.ts'

export interface ProberDeps extends ProbeWorkerDeps {
  /** The node's own address: where pods on its network are probed. */
  readonly hostIps: () => readonly string[]
}

const kinds: readonly ProbeKind[] = ['startup', 'readiness', 'liveness']

/** kubeletRestartGracePeriod: what started up to 10 s before this kubelet counts as its own. */
const takeoverGraceMs = 10_000

/**
 * The probes of all pods on the node, and what they found. Upstream counterpart: prober.Manager.
 */
export class Prober implements ProbeKnowledge, ProbeVerdicts {
  readonly startedAtMs: number
  readonly #deps: ProberDeps
  readonly #pods = new Map<string, Map<string, ProbeWorker>>()
  /**
   * Started containers of the last observation, by pod: a restarted kubelet must not probe startup
   * again.
   */
  readonly #startedBefore = new Set<string>()

  constructor(deps: ProberDeps) {
    this.#deps = deps
    this.startedAtMs = deps.clock.now()
  }

  /** Begins, changes and ends probing as the pod's spec and state ask. */
  sync(pod: Pod, observed: ObservedPod): void {
    const workers = this.#workersOf(pod)
    const podIp = pod.spec.hostNetwork ? this.#deps.hostIps()[0] : observed.ips[0]
    for (const container of probedContainers(pod)) {
      const running = findContainer(observed, container.name)
      const isRunning = running?.state === 'running'
      const takenOver =
        isRunning &&
        running.startedAtMs < this.startedAtMs - takeoverGraceMs &&
        wasRunning(pod, container)
      if (takenOver && wasStarted(pod, container)) this.#startedBefore.add(running.id)
      for (const kind of kinds) {
        const worker = workers.get(`${container.name}|${kind}`)
        if (!worker) continue
        const started = isRunning && this.#isStarted(workers, container, running.id)
        const subject =
          isRunning && podIp !== undefined ? { running, podIp, started, takenOver } : undefined
        worker.update(pod, container, subject)
      }
    }
  }

  /** A terminating pod is still told ready or not, but no longer restarted. */
  stopLivenessAndStartup(podUid: string): void {
    for (const worker of this.#pods.get(podUid)?.values() ?? [])
      if (worker.kind !== 'readiness') worker.stop()
  }

  remove(podUid: string): void {
    for (const worker of this.#pods.get(podUid)?.values() ?? []) worker.stop()
    this.#pods.delete(podUid)
  }

  close(): void {
    for (const uid of this.#pods.keys()) this.remove(uid)
  }

  startup(containerId: string): ProbeVerdict | undefined {
    if (this.#startedBefore.has(containerId)) return 'success'
    return this.#verdict('startup', containerId)
  }

  readiness(containerId: string): ProbeVerdict | undefined {
    return this.#verdict('readiness', containerId)
  }

  liveness(containerId: string): ProbeVerdict | undefined {
    return this.#verdict('liveness', containerId)
  }

  isProbed(podUid: string, containerName: string, kind: ProbeKind): boolean {
    return this.#pods.get(podUid)?.has(`${containerName}|${kind}`) ?? false
  }

  #verdict(kind: ProbeKind, containerId: string): ProbeVerdict | undefined {
    for (const workers of this.#pods.values())
      for (const worker of workers.values()) {
        if (worker.kind !== kind) continue
        const verdict = worker.verdictOf(containerId)
        if (verdict !== undefined) return verdict
      }
    return undefined
  }

  /** What all probes of the pods on this node have said so far. */
  counted(): ProbeCounts[] {
    return [...this.#pods.values()].flatMap((workers) =>
      [...workers.values()].map((worker) => worker.counted),
    )
  }

  #isStarted(
    workers: ReadonlyMap<string, ProbeWorker>,
    container: Container,
    containerId: string,
  ): boolean {
    if (!container.startupProbe || this.#startedBefore.has(containerId)) return true
    return workers.get(`${container.name}|startup`)?.verdictOf(containerId) === 'success'
  }

  #workersOf(pod: Pod): Map<string, ProbeWorker> {
    const { uid } = pod.metadata
    let workers = this.#pods.get(uid)
    if (workers) return workers
    workers = new Map()
    for (const container of probedContainers(pod)) {
      for (const kind of kinds) {
        const probe = probeOf(container, kind)
        if (!probe) continue
        const key = `${container.name}|${kind}`
        workers.set(key, new ProbeWorker(this.#deps, pod, container, kind, probe))
      }
    }
    this.#pods.set(uid, workers)
    return workers
  }
}

function probedContainers(pod: Pod): Container[] {
  return [...initContainersOf(pod).filter(isSidecar), ...pod.spec.containers]
}

function probeOf(container: Container, kind: ProbeKind): Probe | undefined {
  switch (kind) {
    case 'startup':
      return container.startupProbe
    case 'readiness':
      return container.readinessProbe
    case 'liveness':
      return container.livenessProbe
  }
}

function lastStatus(pod: Pod, { name }: Container) {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status
  return [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name)
}

function wasRunning(pod: Pod, container: Container): boolean {
  return lastStatus(pod, container)?.state?.running !== undefined
}

function wasStarted(pod: Pod, container: Container): boolean {
  return lastStatus(pod, container)?.started === true
}
