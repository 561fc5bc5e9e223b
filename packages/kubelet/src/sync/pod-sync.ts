import { formatTime, parseTime } from '@kemu/api'
import type { Node, Pod, PodStatus } from '@kemu/api'
import { mkdirSync } from 'node:fs'
import type { Clock, Logger, Timer } from '@kemu/base'
import type { EventRecorder } from '@kemu/client'
import type { NodePaths } from '../config/node-paths.ts'
import { hasRunningContainers } from '../cri/observed-pod.ts'
import type { ObservedPod, PodIdentity } from '../cri/observed-pod.ts'
import { nothingObserved } from '../cri/pod-observer.ts'
import type { ImagePuller } from '../images/image-puller.ts'
import type { Pleg } from '../pleg.ts'
import { identityOfPod } from '../pods/pod-workers.ts'
import type { PodKill, PodWork, SyncOutcome } from '../pods/pod-worker.ts'
import type { PodRegistry } from '../pods/pod-registry.ts'
import type { Prober } from '../prober/prober.ts'
import type { ContainerKiller } from '../runtime/container-killer.ts'
import type { GarbageCollector } from '../runtime/garbage-collector.ts'
import type { RestartBackoff } from '../runtime/restart-backoff.ts'
import type { RuntimeManager, RuntimeSyncResult } from '../runtime/runtime-manager.ts'
import type { ApiObjects } from '../sources/api-objects.ts'
import type { MirrorPods } from '../sources/mirror-pods.ts'
import type { StartFailure } from '../status/container-statuses.ts'
import { generatePodStatus } from '../status/generate-pod-status.ts'
import type { PodEnd } from '../status/generate-pod-status.ts'
import { isStaticPod } from '../status/phase.ts'
import type { StatusManager } from '../status/status-manager.ts'
import type { MountedVolumes, VolumeManager } from '../volumes/volume-manager.ts'
import { computePodActions } from './compute-pod-actions.ts'
import { initContainersOf, isSidecar, isTerminal, podReference } from './pod-spec.ts'

export interface PodSyncDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly recorder: EventRecorder
  readonly paths: NodePaths
  readonly pleg: Pleg
  readonly registry: PodRegistry
  readonly statuses: StatusManager
  readonly prober: Prober
  readonly volumes: VolumeManager
  readonly runtime: RuntimeManager
  readonly killer: ContainerKiller
  readonly puller: ImagePuller
  readonly backoff: RestartBackoff
  readonly mirrors: MirrorPods
  readonly node: () => Node | undefined
  readonly hostIps: () => readonly string[]
  readonly runtimeName: () => string
  /** Why pods with addresses of their own cannot start. */
  readonly networkProblem: () => string | undefined
  readonly objects: ApiObjects
  readonly garbage: GarbageCollector
  readonly syncMs: number
}

/** What is remembered of a pod between rounds. */
interface Memory {
  readonly failures: Map<string, StartFailure>
  mountFailures: number
}

// mount retry of nestedpendingoperations: 0.5 s doubling to 2 min 2 s.
const mountRetryMsMin = 500
const mountRetryMsMax = 122_000
const networkRetryMs = 1_000
/** Containers that start sooner show the sandbox with themselves. */
const showSandboxMs = 200

/**
 * The work on one pod: mount, start, observe, tell; and its end. Upstream counterpart: Kubelet
 * SyncPod and its kin.
 */
export class PodSync implements PodWork {
  readonly #deps: PodSyncDeps
  readonly #memories = new Map<string, Memory>()

  constructor(deps: PodSyncDeps) {
    this.#deps = deps
  }

  async sync(pod: Pod): Promise<SyncOutcome> {
    const { pleg, statuses, prober } = this.#deps
    const identity = identityOfPod(pod)
    const before = pleg.get(identity.uid) ?? nothingObserved(identity)
    prober.sync(pod, before)
    const end = this.#deadlineEnd(pod)
    if (end) {
      this.#deps.recorder.record(podReference(pod), 'Normal', end.reason, end.message)
      return { kind: 'over' }
    }
    const status = this.#status(pod, before, false, undefined)
    if (isTerminal(status.phase)) {
      statuses.set(pod, status)
      return { kind: 'over' }
    }
    statuses.set(pod, status)
    this.#mirror(pod)
    const networkProblem = pod.spec.hostNetwork ? undefined : this.#deps.networkProblem()
    if (networkProblem !== undefined && before.sandboxes.length === 0) {
      this.#tell(pod, 'NetworkNotReady', `network is not ready: ${networkProblem}`)
      return { kind: 'failed', message: 'network is not ready', afterMs: networkRetryMs }
    }
    const volumes = await this.#mount(pod, before)
    if (!(volumes instanceof Map)) return volumes as SyncOutcome
    return this.#run(pod, identity, volumes)
  }

  async terminate(identity: PodIdentity, pod: Pod | undefined, kill: PodKill): Promise<void> {
    const { pleg, statuses, prober, killer } = this.#deps
    const observed = await pleg.observe(identity)
    if (pod) {
      prober.sync(pod, observed)
      prober.stopLivenessAndStartup(identity.uid)
      // While something runs the pod is not at its end, whatever the node thinks of it.
      const end = hasRunningContainers(observed) ? undefined : this.#endOf(pod, kill)
      statuses.set(pod, this.#status(pod, observed, false, end))
    }
    const release = pleg.hold(identity)
    let after: ObservedPod
    try {
      await killer.killPod(pod, observed, kill.graceSeconds)
      prober.remove(identity.uid)
      after = await pleg.observe(identity)
    } finally {
      release()
    }
    if (hasRunningContainers(after))
      throw new Error(`containers of pod ${identity.name} still run after they were stopped`)
    if (pod) statuses.set(pod, this.#status(pod, after, true, this.#endOf(pod, kill)))
  }

  async cleanUp(identity: PodIdentity, pod: Pod | undefined): Promise<void> {
    const { volumes, objects, puller, backoff, statuses, prober } = this.#deps
    prober.remove(identity.uid)
    await volumes.unmount(identity.uid)
    objects.release(identity.uid)
    puller.forget(identity.uid)
    backoff.forget(`${identity.uid}_`)
    this.#memories.delete(identity.uid)
    if (pod) statuses.finish(pod)
  }

  async #run(pod: Pod, identity: PodIdentity, volumes: MountedVolumes): Promise<SyncOutcome> {
    const { pleg, runtime, prober, statuses } = this.#deps
    const release = pleg.hold(identity)
    let result: RuntimeSyncResult
    let after: ObservedPod
    let showing: Timer | undefined
    try {
      result = await runtime.syncPod({
        pod,
        observed: pleg.get(identity.uid) ?? nothingObserved(identity),
        verdicts: prober,
        volumes,
        sandboxReady: () => {
          showing = this.#deps.clock.setTimer(showSandboxMs, () => this.#showSandbox(pod))
        },
      })
      this.#remember(identity.uid, result)
      after = await pleg.observe(identity)
      prober.sync(pod, after)
      statuses.set(pod, this.#status(pod, after, false, undefined))
    } finally {
      showing?.cancel()
      release()
    }
    await this.#deps.garbage.prune(after)
    if (result.failure === undefined && this.#hasMoreToDo(pod, after))
      return { kind: 'again', afterMs: 0 }
    const nextMs = this.#nextMs(pod, result.retryAfterMs)
    if (result.failure !== undefined) return { kind: 'failed', message: result.failure }
    const failed = [...result.attempts.values()].some((failure) => failure !== undefined)
    if (failed && result.retryAfterMs === undefined)
      return { kind: 'failed', message: 'a container was not started' }
    return nextMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs: nextMs }
  }

  /** Images may take long: until then the pod shows its address. */
  #showSandbox(pod: Pod): void {
    const { pleg, statuses, logger } = this.#deps
    pleg.observe(identityOfPod(pod)).then(
      (observed) => statuses.set(pod, this.#status(pod, observed, false, undefined)),
      (error: unknown) => logger.debug('Sandbox was not observed', { err: error as Error }),
    )
  }

  /** A container may have ended while this round was still at work: nobody tells of that again. */
  #hasMoreToDo(pod: Pod, after: ObservedPod): boolean {
    const plan = computePodActions(pod, after, this.#deps.prober)
    const { failures } = this.#memory(pod.metadata.uid)
    const init = plan.initContainersToStart.map((index) => initContainersOf(pod)[index]!)
    const regular = plan.containersToStart.map((index) => pod.spec.containers[index]!)
    const [next] = init.filter((container) => !isSidecar(container))
    if (next && failures.has(next.name)) return false
    return plan.killPod || [...init, ...regular].some(({ name }) => !failures.has(name))
  }

  #remember(uid: string, { attempts }: RuntimeSyncResult): void {
    const { failures } = this.#memory(uid)
    for (const [name, failure] of attempts)
      if (failure) failures.set(name, failure)
      else failures.delete(name)
  }

  /** The nearest of: a retry, the pod's deadline, a token's renewal. */
  #nextMs(pod: Pod, retryMs: number | undefined): number | undefined {
    const dues = [retryMs, this.#deadlineMs(pod), this.#deps.objects.dueInMs(pod.metadata.uid)]
    const known = dues.filter((due) => due !== undefined).map((due) => Math.max(0, due))
    if (known.length === 0) return undefined
    const nearest = Math.min(...known)
    return nearest < this.#deps.syncMs ? nearest : undefined
  }

  async #mount(pod: Pod, observed: ObservedPod): Promise<MountedVolumes | SyncOutcome> {
    const { paths, objects, volumes, hostIps } = this.#deps
    const { uid } = pod.metadata
    const memory = this.#memory(uid)
    mkdirSync(paths.podDir(uid), { recursive: true, mode: 0o750 })
    const messages: string[] = []
    try {
      await objects.ready(pod)
      const facts = { podIps: observed.ips, hostIps: hostIps() }
      const result = await volumes.mount(pod, facts)
      if (result.ok) {
        memory.mountFailures = 0
        return result.volumes
      }
      messages.push(...result.failures.map(({ message }) => message))
    } catch (error) {
      messages.push(`MountVolume.SetUp failed : ${(error as Error).message}`)
    }
    for (const message of messages) this.#tell(pod, 'FailedMount', message)
    const afterMs = Math.min(mountRetryMsMax, mountRetryMsMin * 2 ** memory.mountFailures)
    memory.mountFailures += 1
    return { kind: 'failed', message: messages.join('; '), afterMs }
  }

  #mirror(pod: Pod): void {
    if (!isStaticPod(pod)) return
    const { mirrors, registry } = this.#deps
    void mirrors.ensure(pod, registry.mirrorOf(pod))
  }

  #status(pod: Pod, observed: ObservedPod, ending: boolean, end: PodEnd | undefined): PodStatus {
    const { statuses, prober, runtimeName, hostIps } = this.#deps
    const { failures } = this.#memory(pod.metadata.uid)
    return generatePodStatus({
      pod,
      observed,
      old: statuses.get(pod.metadata.uid) ?? pod.status,
      probes: prober,
      runtimeName: runtimeName(),
      failureOf: (name) => failures.get(name),
      hostIps: hostIps(),
      ending,
      end,
    })
  }

  #memory(uid: string): Memory {
    let memory = this.#memories.get(uid)
    if (!memory) this.#memories.set(uid, (memory = { failures: new Map(), mountFailures: 0 }))
    return memory
  }

  /** Milliseconds until activeDeadlineSeconds have passed since the pod was seen first. */
  #deadlineMs(pod: Pod): number | undefined {
    const { activeDeadlineSeconds } = pod.spec
    if (activeDeadlineSeconds === undefined) return undefined
    const { clock, statuses } = this.#deps
    const status = statuses.get(pod.metadata.uid) ?? pod.status
    const startedAtMs = parseTime(status.startTime ?? formatTime(clock.now()))
    return startedAtMs + activeDeadlineSeconds * 1000 - clock.now()
  }

  #deadlineEnd(pod: Pod): PodEnd | undefined {
    const leftMs = this.#deadlineMs(pod)
    if (leftMs === undefined || leftMs > 0) return undefined
    // Whoever came to his end before has met the deadline.
    if (isTerminal(this.#deps.statuses.get(pod.metadata.uid)?.phase)) return undefined
    return {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    }
  }

  #endOf(pod: Pod, kill: PodKill): PodEnd | undefined {
    return kill.end ?? this.#deadlineEnd(pod)
  }

  #tell(pod: Pod, reason: string, message: string): void {
    this.#deps.recorder.record(podReference(pod), 'Warning', reason, message)
  }
}
