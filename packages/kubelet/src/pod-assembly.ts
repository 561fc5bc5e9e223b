import type { Node, Service } from '@kemu/api'
import type { EventRecorder } from '@kemu/client'
import type { NodeAllocatable } from './env/resource-field-ref.ts'
import { ImagePuller } from './images/image-puller.ts'
import { pullCredentials } from './images/pull-credentials.ts'
import type { KubeletDeps } from './kubelet-deps.ts'
import type { NodeAgent } from './node/node-agent.ts'
import type { RuntimeMonitor } from './node/runtime-monitor.ts'
import type { Pleg } from './pleg.ts'
import type { PodRegistry } from './pods/pod-registry.ts'
import type { Prober } from './prober/prober.ts'
import { ContainerKiller } from './runtime/container-killer.ts'
import { ContainerStarter } from './runtime/container-starter.ts'
import type { GarbageCollector } from './runtime/garbage-collector.ts'
import { LifecycleHooks } from './runtime/lifecycle-hooks.ts'
import { RestartBackoff } from './runtime/restart-backoff.ts'
import { RuntimeManager } from './runtime/runtime-manager.ts'
import type { ApiObjects } from './sources/api-objects.ts'
import type { MirrorPods } from './sources/mirror-pods.ts'
import type { RuntimeClasses } from './sources/runtime-classes.ts'
import { isStaticPod } from './status/phase.ts'
import type { StatusManager } from './status/status-manager.ts'
import { PodSync } from './sync/pod-sync.ts'
import { VolumeManager } from './volumes/volume-manager.ts'

/** Parts of the kubelet that the work on pods shares with others. */
export interface PodParts {
  readonly recorder: EventRecorder
  readonly pleg: Pleg
  readonly registry: PodRegistry
  readonly statuses: StatusManager
  readonly prober: Prober
  readonly mirrors: MirrorPods
  readonly node: NodeAgent
  readonly monitor: RuntimeMonitor
  readonly objects: ApiObjects
  readonly classes: RuntimeClasses
  readonly garbage: GarbageCollector
  readonly allocatable: () => NodeAllocatable
  /** Undefined until they were read once. */
  readonly services: () => readonly Service[] | undefined
}

/** Makes what works on pods, in the order in which the parts need each other. */
export function assemblePodSync(deps: KubeletDeps, parts: PodParts): PodSync {
  const { cri, clock, random, logger, paths, config, nodeIps, reachablePort } = deps
  const { recorder, pleg, registry, statuses, objects, allocatable } = parts
  const hooks = new LifecycleHooks({ cri, clock, logger, recorder, reachablePort })
  const killer = new ContainerKiller({ cri, clock, logger, recorder, hooks })
  const puller = new ImagePuller({ cri, clock, recorder, serialize: config.serializeImagePulls })
  const { maxContainerRestartPeriodMs: maxMs } = config
  const backoff = new RestartBackoff(clock, { initialMs: Math.min(10_000, maxMs), maxMs })
  const hostIps = (): readonly string[] => nodeIps
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
    memory: deps.memory,
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
    nodeHosts: deps.nodeHosts,
    nodeMemoryBytes: deps.machine.memoryBytes,
    services: parts.services,
    credentials: (pod, image) =>
      pullCredentials(pod, image, (name) => secret(pod.metadata.namespace ?? '', name)),
    isStatic: isStaticPod,
  })
  const runtime = new RuntimeManager({
    cri,
    recorder,
    paths,
    killer,
    starter,
    dns: config,
    hostDns: deps.hostDns,
    runtimeHandler: (pod) => parts.classes.handlerOf(pod),
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
    prober: parts.prober,
    mirrors: parts.mirrors,
    node: (): Node | undefined => parts.node.node,
    runtimeName: () => parts.monitor.facts.name,
    networkProblem: () => parts.monitor.networkProblem,
    objects,
    garbage: parts.garbage,
    syncMs: config.syncFrequencyMs,
  })
}
