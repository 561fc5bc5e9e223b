import type { Node, Pod } from '@kemu/api'
import type { Clock, Logger, Random } from '@kemu/base'
import { ApiEventRecorder } from '@kemu/client'
import type { Client } from '@kemu/client'
import type { DNSConfig } from '@kemu/rpc/cri'
import type { KubeletConfiguration } from './config/kubelet-configuration.ts'
import type { NodePaths } from './config/node-paths.ts'
import type { Cri } from './cri/cri.ts'
import type { ObservedPod } from './cri/observed-pod.ts'
import { PodObserver } from './cri/pod-observer.ts'
import { readTerminationMessage } from './cri/termination-message.ts'
import { ImagePuller } from './images/image-puller.ts'
import { LateRecorder } from './node/late-recorder.ts'
import type { Machine } from './node/machine.ts'
import { NodeAgent } from './node/node-agent.ts'
import { nodeResources } from './node/node-resources.ts'
import type { NodeResources } from './node/node-resources.ts'
import type { NodeFacts, Registration } from './node/node-status.ts'
import { RuntimeMonitor } from './node/runtime-monitor.ts'
import { Pleg, plegDefaults } from './pleg.ts'
import { PodRegistry } from './pods/pod-registry.ts'
import { identityOfPod, PodWorkers } from './pods/pod-workers.ts'
import { Prober } from './prober/prober.ts'
import { ContainerKiller } from './runtime/container-killer.ts'
import { ContainerStarter } from './runtime/container-starter.ts'
import { LifecycleHooks } from './runtime/lifecycle-hooks.ts'
import { RestartBackoff } from './runtime/restart-backoff.ts'
import { RuntimeManager } from './runtime/runtime-manager.ts'
import { ApiObjects } from './sources/api-objects.ts'
import { ApiPods } from './sources/api-pods.ts'
import { MirrorPods } from './sources/mirror-pods.ts'
import { isMirrorPod } from './sources/static-pod.ts'
import { isStaticPod } from './status/phase.ts'
import { StatusManager } from './status/status-manager.ts'
import { PodSync } from './sync/pod-sync.ts'
import { fullName } from './sync/pod-spec.ts'
import { VolumeManager } from './volumes/volume-manager.ts'

export interface KubeletDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly paths: NodePaths
  readonly machine: Machine
  readonly config: KubeletConfiguration
  readonly registration: Registration
  readonly nodeName: string
  readonly hostname: string
  /** The node's own addresses, the first one before all. */
  readonly nodeIps: readonly string[]
  readonly hostDns: () => DNSConfig
  /** Text of the host's hosts file. */
  readonly nodeHosts: () => string
  readonly reachablePort: (host: string, port: number) => number
}

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
  readonly #prober: Prober
  readonly #sync: PodSync
  readonly #mirrors: MirrorPods
  readonly #objects = new ApiObjects()
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
    this.#prober = this.#makeProber()
    this.#mirrors = new MirrorPods({ logger, node: () => this.node.node })
    this.#sync = this.#makeSync()
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
    const source = { component: 'kubelet', host: nodeName }
    this.recorder.connect(new ApiEventRecorder(source, { client, clock, logger }))
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
    this.statuses.connect(client)
    const synced = pods.start()
    await this.node.connect(client)
    for (const worker of this.workers.list()) worker.wake()
    await synced
    this.#apiKnown = true
    this.#endOrphans()
  }

  async close(): Promise<void> {
    this.workers.close()
    this.#prober.close()
    this.statuses.close()
    this.monitor.close()
    await Promise.all([
      this.pleg.close(),
      this.node.close(),
      this.#apiPods?.close(),
      this.#objects.close(),
    ])
  }

  /** True when everything that says which pods there are has spoken. */
  get sourcesReady(): boolean {
    return this.#staticsKnown && this.#apiKnown
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

  #makeSync(): PodSync {
    const { cri, clock, random, logger, paths, config, nodeIps, reachablePort } = this.#deps
    const { recorder, pleg, registry, statuses } = this
    const hooks = new LifecycleHooks({ cri, clock, logger, recorder, reachablePort })
    const killer = new ContainerKiller({ cri, clock, logger, recorder, hooks })
    const puller = new ImagePuller({ cri, clock, recorder })
    const { maxContainerRestartPeriodMs: maxMs } = config
    const backoff = new RestartBackoff(clock, { initialMs: Math.min(10_000, maxMs), maxMs })
    const hostIps = (): readonly string[] => nodeIps
    const allocatable = (): Readonly<Record<string, string>> => this.resources.allocatable
    const objects = this.#objects
    const configMap = objects.configMap.bind(objects)
    const secret = objects.secret.bind(objects)
    const volumes = new VolumeManager({
      paths,
      clock,
      logger,
      allocatable,
      configMap,
      secret,
      token: objects.token.bind(objects),
    })
    const starter = new ContainerStarter({
      cri,
      clock,
      random,
      logger,
      recorder,
      paths,
      puller,
      killer,
      hooks,
      backoff,
      hostIps,
      allocatable,
      configMap,
      secret,
      dns: config,
      nodeHosts: this.#deps.nodeHosts,
      nodeMemoryBytes: this.#deps.machine.memoryBytes,
      services: () => this.#apiPods?.services,
      credentials: () => [],
      isStatic: isStaticPod,
    })
    const runtime = new RuntimeManager({
      cri,
      recorder,
      paths,
      killer,
      starter,
      dns: config,
      hostDns: this.#deps.hostDns,
      runtimeHandler: async () => '',
    })
    return new PodSync({
      clock,
      logger,
      recorder,
      paths,
      pleg,
      registry,
      statuses,
      volumes,
      runtime,
      killer,
      puller,
      backoff,
      hostIps,
      prober: this.#prober,
      mirrors: this.#mirrors,
      node: (): Node | undefined => this.node.node,
      runtimeName: () => this.monitor.facts.name,
      networkProblem: () => this.monitor.networkProblem,
      objects,
      syncMs: config.syncFrequencyMs,
    })
  }

  #podWished(pod: Pod): void {
    this.registry.set(pod)
    if (isMirrorPod(pod)) this.#mirrorSeen(pod)
    else {
      this.statuses.refresh(pod.metadata.uid)
      this.workers.update(pod)
    }
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
      const lives = observed.sandboxes.some(({ ready }) => ready)
      if (lives || observed.containers.some(({ state }) => state === 'running'))
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

  #forget(uid: string): void {
    this.statuses.forget(uid)
    this.workers.forget(uid)
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
