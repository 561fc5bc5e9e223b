import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigMap, Container, EphemeralContainer, Pod, Secret, Service } from '@kemu/api'
import type { Clock, Logger, Random } from '@kemu/base'
import type { EventRecorder } from '@kemu/client'
import type { Message } from '@kemu/rpc'
import type { AuthConfig, PodSandboxConfig } from '@kemu/rpc/cri'
import type { NodePaths } from '../config/node-paths.ts'
import { containerHash } from '../cri/container-hash.ts'
import { criMessage } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import { findContainer, observeContainer } from '../cri/observed-pod.ts'
import type { ObservedPod } from '../cri/observed-pod.ts'
import { containerEnvironment } from '../env/environment.ts'
import type { NodeAllocatable } from '../env/resource-field-ref.ts'
import type { ImagePuller, PresentImage } from '../images/image-puller.ts'
import { containerReference, podText } from '../sync/pod-spec.ts'
import type { MountedVolumes } from '../volumes/volume-manager.ts'
import { containerConfig } from './container-config.ts'
import type { ContainerKiller } from './container-killer.ts'
import { containerMounts } from './container-mounts.ts'
import type { DnsSettings } from './dns-config.ts'
import type { LifecycleHooks } from './lifecycle-hooks.ts'
import { podHostname } from './pod-hostname.ts'
import type { RestartBackoff } from './restart-backoff.ts'
import { StartError } from './start-error.ts'

export interface ContainerStarterDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly recorder: EventRecorder
  readonly paths: NodePaths
  readonly puller: ImagePuller
  readonly killer: ContainerKiller
  readonly hooks: LifecycleHooks
  readonly backoff: RestartBackoff
  readonly dns: DnsSettings
  readonly nodeHosts: () => string
  readonly nodeMemoryBytes: number
  readonly allocatable: () => NodeAllocatable
  readonly hostIps: () => readonly string[]
  /** Undefined while the services are not known yet; pods of the API wait for them. */
  readonly services: () => readonly Service[] | undefined
  readonly configMap: (namespace: string, name: string) => ConfigMap | undefined
  readonly secret: (namespace: string, name: string) => Secret | undefined
  readonly credentials: (pod: Pod, image: string) => readonly Message<AuthConfig>[]
  readonly isStatic: (pod: Pod) => boolean
}

/** What a container is put into. */
export interface PodSurroundings {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly volumes: MountedVolumes
  sandboxId: string
  podIps: readonly string[]
  sandboxConfig: Message<PodSandboxConfig>
  runtimeHandler: string
}

/** Between ErrImagePull and ImagePullBackOff. */
const showBackOffMs = 2_000

/**
 * Image, configuration, creation, start and first hook of one container. Upstream counterpart:
 * startContainer.
 */
export class ContainerStarter {
  readonly #deps: ContainerStarterDeps

  constructor(deps: ContainerStarterDeps) {
    this.#deps = deps
  }

  /** Throws a StartError for every failure that the pod's status shall show. */
  async start(round: PodSurroundings, container: Container): Promise<void> {
    this.#refuseTooSoon(round, container)
    await this.#startNow(round, container)
  }

  /** CrashLoopBackOff: counts from the end of the last run (doBackOff). */
  #refuseTooSoon({ pod, observed }: PodSurroundings, container: Container): void {
    const { backoff, recorder, clock } = this.#deps
    const ended = observed.containers.find(
      ({ name, state }) => name === container.name && state === 'exited',
    )
    if (!ended) return
    const key = backoffKey(pod, container)
    if (!backoff.isWaitingSince(key, ended.finishedAtMs)) {
      backoff.next(key, ended.finishedAtMs)
      return
    }
    const text = podText(pod)
    const message = `Back-off restarting failed container ${container.name} in pod ${text}`
    recorder.record(containerReference(pod, container.name), 'Warning', 'BackOff', message)
    const waitMs = backoff.get(key)
    throw new StartError(
      'CrashLoopBackOff',
      `back-off ${goSeconds(waitMs)} restarting failed container=${container.name} pod=${text}`,
      Math.max(0, ended.finishedAtMs + waitMs - clock.now()),
    )
  }

  async #startNow(round: PodSurroundings, container: Container): Promise<void> {
    const { cri } = this.#deps
    const image = await this.#image(round, container)
    const config = this.#configure(round, container, image)
    let containerId: string
    try {
      const answer = await cri.runtime.CreateContainer({
        podSandboxId: round.sandboxId,
        config,
        sandboxConfig: round.sandboxConfig,
      })
      containerId = answer.containerId
    } catch (error) {
      throw this.#failed(round, container, 'CreateContainerError', criMessage(error))
    }
    this.#tell(round, container, 'Normal', 'Created', 'Container created')
    try {
      await cri.runtime.StartContainer({ containerId })
    } catch (error) {
      throw this.#failed(round, container, 'RunContainerError', criMessage(error))
    }
    this.#tell(round, container, 'Normal', 'Started', 'Container started')
    await this.#postStart(round, container, containerId)
  }

  async #image(round: PodSurroundings, container: Container): Promise<PresentImage> {
    const { puller, credentials } = this.#deps
    const { pod, sandboxConfig: config, runtimeHandler } = round
    const reference = containerReference(pod, container.name)
    try {
      return await puller.ensure({
        pod,
        container,
        reference,
        sandboxConfig: config,
        runtimeHandler,
        credentials: credentials(pod, container.image ?? ''),
      })
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      this.#tell(round, container, 'Warning', 'Failed', `Error: ${error.reason}`)
      const waitMs = puller.waitMs(pod, container.image ?? '')
      // Soon after a failed pull the pod says that it waits, as upstream's does.
      const nextMs = error.reason === 'ImagePullBackOff' ? waitMs : Math.min(waitMs, showBackOffMs)
      throw new StartError(error.reason, error.message, nextMs || undefined)
    }
  }

  #configure(round: PodSurroundings, container: Container, image: PresentImage) {
    const { paths, nodeMemoryBytes, dns } = this.#deps
    const { pod, observed, podIps, volumes } = round
    const { namespace = '', name, uid } = pod.metadata
    try {
      const logDirectory = join(paths.podLogDir(namespace, name, uid), container.name)
      const restartCount = nextRestartCount(observed, container.name, logDirectory)
      const environment = this.#environment(round, container)
      const hostname = podHostname(pod, dns.clusterDomain)
      const inputs = { pod, container, volumes, environment, podIps, hostname }
      const mounts = containerMounts(this.#deps, inputs)
      mkdirSync(logDirectory, { recursive: true, mode: 0o755 })
      const targetId = targetOf(container, observed)
      return containerConfig({
        pod,
        container,
        restartCount,
        image,
        environment,
        mounts,
        targetId,
        nodeMemoryBytes,
      })
    } catch (error) {
      const { message } = error as Error
      throw this.#failed(round, container, 'CreateContainerConfigError', message)
    }
  }

  #environment({ pod, podIps }: PodSurroundings, container: Container): Map<string, string> {
    const { services, allocatable, configMap, secret, hostIps, isStatic } = this.#deps
    const known = services()
    if (!known && !isStatic(pod))
      throw new Error('services have not yet been read at least once, cannot construct envvars')
    const { namespace = '' } = pod.metadata
    return containerEnvironment({
      pod,
      container,
      facts: { podIps, hostIps: hostIps() },
      allocatable: allocatable(),
      services: known ?? [],
      configMap: (name) => configMap(namespace, name),
      secret: (name) => secret(namespace, name),
    })
  }

  async #postStart(
    round: PodSurroundings,
    container: Container,
    containerId: string,
  ): Promise<void> {
    const { hooks, killer, logger, cri } = this.#deps
    const handler = container.lifecycle?.postStart
    if (!handler) return
    const { pod, podIps } = round
    const podIp = podIps[0] ?? this.#deps.hostIps()[0] ?? ''
    try {
      await hooks.run({ pod, container, containerId, podIp }, handler)
    } catch (error) {
      const { message } = error as Error
      logger.warn('PostStart hook failed', { pod: pod.metadata.name, err: error as Error })
      this.#tell(round, container, 'Warning', 'FailedPostStartHook', 'PostStartHook failed')
      const { status } = await cri.runtime.ContainerStatus({ containerId })
      const reason = 'FailedPostStartHook'
      if (status) {
        const observed = observeContainer(status, round.sandboxId)
        await killer.kill({ pod, container: observed, podIp, message: reason, reason })
      }
      throw new StartError('PostStartHookError', message)
    }
  }

  #failed(
    round: PodSurroundings,
    container: Container,
    reason: string,
    message: string,
  ): StartError {
    this.#tell(round, container, 'Warning', 'Failed', `Error: ${message}`)
    return new StartError(reason, message)
  }

  #tell(
    { pod }: PodSurroundings,
    { name }: Container,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    this.#deps.recorder.record(containerReference(pod, name), type, reason, message)
  }
}

function backoffKey(pod: Pod, container: Container): string {
  return `${pod.metadata.uid}_${container.name}_${containerHash(container)}`
}

/**
 * After a runtime lost its containers, the logs still tell how often there was one
 * (calcRestartCountByLogDir).
 */
function nextRestartCount(observed: ObservedPod, name: string, logDirectory: string): number {
  const last = findContainer(observed, name)
  if (last) return last.notes.restartCount + 1
  const files = existsSync(logDirectory) ? readdirSync(logDirectory) : []
  const counts = files.flatMap((file) => /^(\d+)\.log(\..*)?$/.exec(file)?.[1] ?? [])
  return counts.length > 0 ? Math.max(...counts.map(Number)) + 1 : 0
}

/** The running container that an ephemeral one was asked to look into. */
function targetOf(container: Container, observed: ObservedPod): string | undefined {
  const name = (container as EphemeralContainer).targetContainerName
  if (!name) return undefined
  const target = findContainer(observed, name)
  if (target?.state !== 'running') throw new Error(`unable to find target container ${name}`)
  return target.id
}

/** Go prints whole minutes as `1m0s`. */
function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
