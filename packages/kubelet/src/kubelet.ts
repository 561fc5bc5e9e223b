import type { Pod } from '@kemu/api'
import { ApiEventRecorder } from '@kemu/client'
import type { Client } from '@kemu/client'
import { admitPod } from './admission/admit-pod.ts'
import type { KubeletConfiguration } from './config/kubelet-configuration.ts'
import type { ObservedPod } from './cri/observed-pod.ts'
import { nothingObserved, PodObserver } from './cri/pod-observer.ts'
import { readTerminationMessage } from './cri/termination-message.ts'
import { LateRecorder } from './node/late-recorder.ts'
import { NodeAgent } from './node/node-agent.ts'
import { nodeResources } from './node/node-resources.ts'
import type { NodeResources } from './node/node-resources.ts'
import type { NodeFacts } from './node/node-status.ts'
import { RuntimeMonitor } from './node/runtime-monitor.ts'
import { Pleg, plegDefaults } from './pleg.ts'
import type { KubeletDeps } from './kubelet-deps.ts'
import { PodRegistry } from './pods/pod-registry.ts'
import { identityOfPod, PodWorkers } from './pods/pod-workers.ts'
import { Prober } from './prober/prober.ts'
import { GarbageCollector } from './runtime/garbage-collector.ts'
import { ApiObjects } from './sources/api-objects.ts'
import { ApiPods } from './sources/api-pods.ts'
import { MirrorPods } from './sources/mirror-pods.ts'
import { RuntimeClasses } from './sources/runtime-classes.ts'
import { isMirrorPod } from './sources/static-pod.ts'
import { isStaticPod } from './status/phase.ts'
import { StatusManager } from './status/status-manager.ts'
import { assemblePodSync } from './pod-assembly.ts'
import type { PodSync } from './sync/pod-sync.ts'
import { fullName, isTerminal, podReference } from './sync/pod-spec.ts'

/**
 * The agent of a node: it brings the pods of its sources to run and says how they are. It works
 * without an API server (static pods only) and takes one on when `connect` is called. Parts are
 * made here; work on a pod is `PodSync`.
 */
export class Kubelet {
  readonly registry = new PodRegistry()
  readonly recorder: LateRecorder
  readonly monitor: RuntimeMonitor
  readonly node: NodeAgent
  readonly statuses: StatusManager
  readonly workers: PodWorkers
  readonly pleg: Pleg
  readonly resources: NodeResources
  readonly #deps: KubeletDeps
  readonly prober: Prober
  readonly #sync: PodSync
  readonly #mirrors: MirrorPods
  readonly #objects = new ApiObjects()
  readonly #classes: RuntimeClasses
  readonly #garbage: GarbageCollector
  #apiPods: ApiPods | undefined
  #staticsKnown = false
  #apiKnown = false

  constructor(deps: KubeletDeps) {
    this.#deps = deps
    const { config, machine, logger, clock, random, cri } = deps
    this.recorder = new LateRecorder(logger)
    this.resources = nodeResources(machine, config)
    this.monitor = new RuntimeMonitor(deps, () => this.#runtimeChanged())
    this.node = this.#makeNode()
    const observer = new PodObserver({ cri, logger, terminationMessage: readTerminationMessage })
    this.pleg = new Pleg({ cri, observer, clock, random, logger }, plegDefaults, (pod) =>
      this.#containersChanged(pod),
    )
    this.statuses = new StatusManager({
      clock,
      random,
      logger,
      apiPodOf: (uid) => this.#apiPodOf(uid),
    })
    this.prober = this.#makeProber()
    this.#mirrors = new MirrorPods({ logger, node: () => this.node.node })
    this.#classes = new RuntimeClasses({ clock, random, logger })
    this.#garbage = new GarbageCollector(deps)
    this.#sync = assemblePodSync(deps, {
      recorder: this.recorder,
      pleg: this.pleg,
      registry: this.registry,
      statuses: this.statuses,
      prober: this.prober,
      mirrors: this.#mirrors,
      node: this.node,
      monitor: this.monitor,
      objects: this.#objects,
      classes: this.#classes,
      garbage: this.#garbage,
      allocatable: () => this.resources.allocatable,
      services: () => this.#apiPods?.services,
    })
    const work = this.#sync
    const { syncFrequencyMs: syncMs } = config
    this.workers = new PodWorkers({ clock, random, logger, work, syncMs }, ({ identity }) =>
      this.#podFinished(identity.uid),
    )
  }

  /** Resolves when the runtime has told what runs already. */
  async start(): Promise<void> {
    await this.monitor.start()
    if (this.#deps.config.podCidr !== '') await this.monitor.setPodCidr(this.#deps.config.podCidr)
    await this.pleg.start()
  }

  /** The manifests as they are now; those of another version than before replace the old ones. */
  setStaticPods(pods: readonly Pod[]): void {
    const wanted = new Set(pods.map(({ metadata }) => metadata.uid))
    for (const pod of this.registry.list().filter(isStaticPod)) {
      if (wanted.has(pod.metadata.uid)) continue
      this.registry.delete(pod)
      this.workers.end(identityOfPod(pod), {})
    }
    for (const pod of pods) {
      if (this.registry.get(pod.metadata.uid)) continue
      this.registry.set(pod)
      this.workers.update(pod)
    }
    this.#staticsKnown = true
    this.#endOrphans()
  }

  /**
   * Takes on an API server: registers the node, takes its pods, and tells it what was said so far.
   */
  async connect(client: Client): Promise<void> {
    const { clock, random, logger, nodeName } = this.#deps
    const watch = { clock, random, logger }
    const pods = new ApiPods(client, nodeName, watch, {
      wished: (pod) => this.#podWished(pod),
      said: (pod) => this.#podSaid(pod),
      removed: (pod) => this.#podRemoved(pod),
    })
    const changed = (uid: string): void => this.workers.wake(uid)
    this.#objects.connect(client, { changed, ...watch })
    this.#apiPods = pods
    this.#mirrors.connect(client)
    this.#classes.connect(client)
    this.statuses.connect(client)
    // What a pod may ask of the node is judged by the Node as the API has it.
    await this.node.connect(client)
    const source = { component: 'kubelet', host: nodeName }
    this.recorder.connect(new ApiEventRecorder(source, { client, clock, logger }))
    const synced = pods.start()
    for (const worker of this.workers.list()) worker.wake()
    await synced
    this.#apiKnown = true
    this.#endOrphans()
    await this.#garbage.removeUnknown(
      (uid) => this.registry.get(uid) !== undefined || this.workers.get(uid) !== undefined,
    )
  }

  async close(): Promise<void> {
    this.workers.close()
    this.prober.close()
    this.statuses.close()
    this.monitor.close()
    await Promise.all([
      this.pleg.close(),
      this.node.close(),
      this.#apiPods?.close(),
      this.#objects.close(),
      this.#classes.close(),
    ])
  }

  /** True when everything that says which pods there are has spoken. */
  get sourcesReady(): boolean {
    return this.#staticsKnown && this.#apiKnown
  }

  get configuration(): KubeletConfiguration {
    return this.#deps.config
  }

  get place(): { readonly nodeName: string; readonly rootDir: string } {
    return { nodeName: this.#deps.nodeName, rootDir: this.#deps.paths.rootDir }
  }

  #makeNode(): NodeAgent {
    const { config, clock, random, logger, registration } = this.#deps
    return new NodeAgent({
      clock,
      random,
      logger,
      recorder: this.recorder,
      facts: () => this.#nodeFacts(),
      registration,
      registerNode: config.registerNode,
      updateMs: config.nodeStatusUpdateFrequencyMs,
      reportMs: config.nodeStatusReportFrequencyMs,
      leaseDurationSeconds: config.nodeLeaseDurationSeconds,
      podCidrChanged: (cidrs) => this.#podCidrChanged(cidrs),
    })
  }

  #nodeFacts(): NodeFacts {
    const { nodeName, hostname, nodeIps, machine, config } = this.#deps
    return {
      name: nodeName,
      hostname,
      addresses: nodeIps,
      machine,
      resources: this.resources,
      port: config.port,
      runtime: this.monitor.facts,
    }
  }

  #makeProber(): Prober {
    const { cri, clock, random, reachablePort, nodeIps } = this.#deps
    return new Prober({
      cri,
      clock,
      random,
      reachablePort,
      recorder: this.recorder,
      hostIps: () => nodeIps,
      changed: (pod) => this.workers.wake(pod.metadata.uid),
    })
  }

  #podWished(pod: Pod): void {
    this.registry.set(pod)
    if (isMirrorPod(pod)) this.#mirrorSeen(pod)
    else {
      this.statuses.refresh(pod.metadata.uid)
      if (this.#isAdmitted(pod)) this.workers.update(pod)
    }
  }

  /** A pod that does not fit is told so, and nothing of it is started. */
  #isAdmitted(pod: Pod): boolean {
    const { uid, deletionTimestamp } = pod.metadata
    const isDecided = this.workers.get(uid) !== undefined || this.pleg.get(uid) !== undefined
    if (isDecided || deletionTimestamp !== undefined || isTerminal(pod.status?.phase)) return true
    if (isTerminal(this.statuses.get(uid)?.phase)) return false
    const { nodeName } = this.#deps
    const rejection = admitPod({
      pod,
      others: this.workers.list().flatMap((w) => (w.isEnding || !w.pod ? [] : [w.pod])),
      node: { metadata: { name: nodeName, labels: this.node.node?.metadata.labels ?? {} } },
      allocatable: this.resources.allocatable,
      supplementalGroupsPolicy: this.monitor.facts.supplementalGroupsPolicy,
    })
    if (!rejection) return true
    const { reason, message } = rejection
    this.recorder.record(podReference(pod), 'Warning', reason, message)
    const { generation } = pod.metadata
    this.statuses.set(pod, {
      ...(generation !== undefined && { observedGeneration: generation }),
      ...(pod.status?.qosClass && { qosClass: pod.status.qosClass }),
      phase: 'Failed',
      reason,
      message: `Pod was rejected: ${message}`,
    })
    return false
  }

  #podSaid(pod: Pod): void {
    this.registry.set(pod)
    const own = isMirrorPod(pod) ? this.registry.staticOf(pod) : pod
    if (own) this.statuses.refresh(own.metadata.uid)
  }

  #podRemoved(pod: Pod): void {
    this.registry.delete(pod)
    if (isMirrorPod(pod)) {
      const own = this.registry.staticOf(pod)
      if (own) this.workers.wake(own.metadata.uid)
      return
    }
    const worker = this.workers.get(pod.metadata.uid)
    if (!worker) return
    if (worker.state === 'finished') this.#forget(pod.metadata.uid)
    else this.workers.end(identityOfPod(pod), {})
  }

  /** A mirror came or changed: its static pod tells its status through it, or takes it away. */
  #mirrorSeen(mirror: Pod): void {
    const own = this.registry.staticOf(mirror)
    if (own) {
      this.statuses.refresh(own.metadata.uid)
      this.workers.wake(own.metadata.uid)
    } else if (this.#staticsKnown) void this.#mirrors.delete(mirror)
  }

  #containersChanged(pod: ObservedPod): void {
    const worker = this.workers.get(pod.uid)
    if (worker) worker.wake()
    else this.#endOrphans()
  }

  /** Containers whose pod is in no source any more, mirrors without their static pod. */
  #endOrphans(): void {
    if (!this.sourcesReady) return
    for (const observed of this.pleg.pods) {
      const { uid, name, namespace } = observed
      if (this.registry.get(uid) || this.workers.get(uid)) continue
      this.workers.end({ uid, name, namespace }, {})
    }
    for (const mirror of this.registry.mirrors()) {
      const wanted = this.registry
        .list()
        .some((p) => isStaticPod(p) && fullName(p) === fullName(mirror))
      if (!wanted) void this.#mirrors.delete(mirror)
    }
  }

  #podFinished(uid: string): void {
    if (this.registry.get(uid)) return
    this.#forget(uid)
  }

  /** Nobody wishes the pod and nothing of it runs: its remains go too. */
  #forget(uid: string): void {
    const worker = this.workers.get(uid)
    this.statuses.forget(uid)
    this.workers.forget(uid)
    if (!worker) return
    this.#garbage
      .removePod(this.pleg.get(uid) ?? nothingObserved(worker.identity))
      .catch((error: unknown) =>
        this.#deps.logger.warn('Remains of a pod were not removed', {
          pod: worker.identity.name,
          err: error as Error,
        }),
      )
  }

  #apiPodOf(uid: string): Pod | undefined {
    const pod = this.registry.get(uid)
    return pod && this.registry.apiPodOf(pod)
  }

  #runtimeChanged(): void {
    this.node.update()
    if (this.monitor.networkProblem !== undefined) return
    for (const worker of this.workers.list())
      if (worker.state === 'syncing' && !this.pleg.get(worker.identity.uid)) worker.wake()
  }

  #podCidrChanged(cidrs: readonly string[]): void {
    this.monitor.setPodCidr(cidrs.join(',')).catch((error: unknown) => {
      this.#deps.logger.error('Failed to update pod CIDR', { err: error as Error })
    })
  }
}
