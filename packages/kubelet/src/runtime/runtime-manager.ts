import type { Container, EphemeralContainer, Pod, Secret, Service } from '@kemu/api'
import type { ConfigMap } from '@kemu/api'
import type { Clock, Logger, Random } from '@kemu/base'
import type { EventRecorder } from '@kemu/client'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Message } from '@kemu/rpc'
import type { AuthConfig, DNSConfig, PodSandboxConfig } from '@kemu/rpc/cri'
import type { NodePaths } from '../config/node-paths.ts'
import { containerHash } from '../cri/container-hash.ts'
import { criErrorText, criMessage, isCriNotFound } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import { findContainer } from '../cri/observed-pod.ts'
import type { ObservedContainer, ObservedPod } from '../cri/observed-pod.ts'
import { containerEnvironment } from '../env/environment.ts'
import type { NodeAllocatable } from '../env/resource-field-ref.ts'
import type { ImagePuller } from '../images/image-puller.ts'
import type { StartFailure } from '../status/container-statuses.ts'
import { computePodActions } from '../sync/compute-pod-actions.ts'
import type { PodActions, ProbeVerdicts } from '../sync/pod-actions.ts'
import {
  containerReference,
  ephemeralContainersOf,
  initContainersOf,
  isSidecar,
  podReference,
  podText,
} from '../sync/pod-spec.ts'
import type { MountedVolumes } from '../volumes/volume-manager.ts'
import { containerConfig } from './container-config.ts'
import type { ContainerKiller } from './container-killer.ts'
import { containerMounts } from './container-mounts.ts'
import { planDns } from './dns-config.ts'
import type { DnsSettings } from './dns-config.ts'
import type { LifecycleHooks } from './lifecycle-hooks.ts'
import { kernelHostname, podHostname } from './pod-hostname.ts'
import type { RestartBackoff } from './restart-backoff.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { StartError } from './start-error.ts'

export interface RuntimeManagerDeps {
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
  readonly hostDns: () => DNSConfig
  readonly nodeHosts: () => string
  readonly nodeMemoryBytes: number
  readonly allocatable: () => NodeAllocatable
  readonly hostIps: () => readonly string[]
  /** Undefined while the services are not known yet; pods of the API wait for them. */
  readonly services: () => readonly Service[] | undefined
  readonly configMap: (namespace: string, name: string) => ConfigMap | undefined
  readonly secret: (namespace: string, name: string) => Secret | undefined
  readonly credentials: (pod: Pod, image: string) => readonly Message<AuthConfig>[]
  /** The runtime handler of the pod's RuntimeClass; '' is the default one. */
  readonly runtimeHandler: (pod: Pod) => Promise<string>
  readonly isStatic: (pod: Pod) => boolean
}

export interface RuntimeSync {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly verdicts: ProbeVerdicts
  readonly volumes: MountedVolumes
  /** The pod has a sandbox and an address, and its containers come next. */
  readonly sandboxReady: (podIps: readonly string[]) => void
}

export interface RuntimeSyncResult {
  /** Containers that were tried in this round; undefined means that it was started. */
  readonly attempts: ReadonlyMap<string, StartFailure | undefined>
  /** What went wrong apart from containers. */
  readonly failure: string | undefined
  /** When another round makes sense, if nothing happens before. */
  readonly retryAfterMs: number | undefined
}

interface Round extends RuntimeSync {
  readonly actions: PodActions
  readonly attempts: Map<string, StartFailure | undefined>
  readonly retries: number[]
  sandboxId: string
  podIps: readonly string[]
  sandboxConfig: Message<PodSandboxConfig>
  runtimeHandler: string
}

/** Executes what `computePodActions` decides, over CRI. Upstream counterpart: kubeGenericRuntimeManager. */
export class RuntimeManager {
  readonly #deps: RuntimeManagerDeps

  constructor(deps: RuntimeManagerDeps) {
    this.#deps = deps
  }

  async syncPod(sync: RuntimeSync): Promise<RuntimeSyncResult> {
    const { pod, observed, verdicts } = sync
    const { recorder } = this.#deps
    const actions = computePodActions(pod, observed, verdicts)
    const round: Round = {
      ...sync,
      actions,
      attempts: new Map(),
      retries: [],
      sandboxId: actions.sandboxId,
      podIps: observed.ips,
      sandboxConfig: {},
      runtimeHandler: '',
    }
    if (actions.createSandbox && actions.sandboxId !== '') {
      const message = 'Pod sandbox changed, it will be killed and re-created.'
      recorder.record(podReference(pod), 'Normal', 'SandboxChanged', message)
    }
    try {
      await this.#stopUnwanted(round)
      round.runtimeHandler = await this.#deps.runtimeHandler(pod)
      round.sandboxConfig = this.#sandboxConfig(pod, actions.attempt)
      if (actions.createSandbox) await this.#createSandbox(round)
      if (round.sandboxId !== '') await this.#startContainers(round)
    } catch (error) {
      return { ...resultOf(round), failure: criMessage(error) }
    }
    return resultOf(round)
  }

  async #stopUnwanted(round: Round): Promise<void> {
    const { pod, observed, actions } = round
    const { killer, cri } = this.#deps
    if (actions.killPod) {
      await killer.killPod(pod, observed)
      if (!actions.createSandbox) round.sandboxId = ''
    } else {
      for (const { id, message, reason } of actions.containersToKill) {
        const container = observed.containers.find((c) => c.id === id)!
        await killer.kill({ pod, container, podIp: observed.ips[0] ?? '', message, reason })
      }
    }
    for (const container of surplusInitContainers(pod, observed, actions))
      await ignoreNotFound(cri.runtime.RemoveContainer({ containerId: container.id }))
  }

  #sandboxConfig(pod: Pod, attempt: number): Message<PodSandboxConfig> {
    const { dns, hostDns, paths, recorder } = this.#deps
    const { namespace = '', name, uid } = pod.metadata
    const decision = planDns(pod, dns, hostDns())
    for (const warning of decision.warnings)
      recorder.record(podReference(pod), 'Warning', 'DNSConfigForming', warning)
    const hostname = pod.spec.hostNetwork
      ? ''
      : kernelHostname(pod, podHostname(pod, dns.clusterDomain))
    const logDirectory = paths.podLogDir(namespace, name, uid)
    return sandboxConfig({ pod, attempt, logDirectory, hostname, dns: decision.config })
  }

  async #createSandbox(round: Round): Promise<void> {
    const { cri, recorder } = this.#deps
    const { pod, sandboxConfig: config, runtimeHandler } = round
    try {
      await mkdir(config.logDirectory!, { recursive: true, mode: 0o755 })
      const answer = await cri.runtime.RunPodSandbox({ config, runtimeHandler })
      round.sandboxId = answer.podSandboxId
    } catch (error) {
      const message = `Failed to create pod sandbox: ${criErrorText(error)}`
      recorder.record(podReference(pod), 'Warning', 'FailedCreatePodSandBox', message)
      throw new Error(
        `failed to "CreatePodSandbox" for "${podText(pod)}": ${criErrorText(error)}`,
        {
          cause: error,
        },
      )
    }
    if (pod.spec.hostNetwork) round.podIps = []
    else round.podIps = await this.#addressesOf(round.sandboxId)
    round.sandboxReady(round.podIps)
  }

  async #addressesOf(podSandboxId: string): Promise<readonly string[]> {
    const { status } = await this.#deps.cri.runtime.PodSandboxStatus({ podSandboxId })
    const { ip = '', additionalIps = [] } = status?.network ?? {}
    return [ip, ...additionalIps.map((more) => more.ip)].filter((address) => address !== '')
  }

  async #startContainers(round: Round): Promise<void> {
    const { pod, actions } = round
    for (const index of actions.ephemeralContainersToStart)
      await this.#start(round, ephemeralContainersOf(pod)[index]!)
    for (const index of actions.initContainersToStart) {
      const container = initContainersOf(pod)[index]!
      // The next one waits for a run-once container's end; a sidecar's failure holds nobody up.
      if (!(await this.#start(round, container)) && !isSidecar(container)) return
    }
    for (const index of actions.containersToStart)
      await this.#start(round, pod.spec.containers[index]!)
  }

  async #start(round: Round, container: Container): Promise<boolean> {
    try {
      this.#refuseTooSoon(round, container)
      await this.#startNow(round, container)
      round.attempts.set(container.name, undefined)
      return true
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      const { reason, message, retryAfterMs } = error
      round.attempts.set(container.name, { reason, message })
      if (retryAfterMs !== undefined) round.retries.push(retryAfterMs)
      return false
    }
  }

  /** CrashLoopBackOff: counts from the end of the last run (doBackOff). */
  #refuseTooSoon({ pod, observed }: Round, container: Container): void {
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

  async #startNow(round: Round, container: Container): Promise<void> {
    const { cri } = this.#deps
    const image = await this.#image(round, container)
    const config = await this.#configure(round, container, image)
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

  async #image(round: Round, container: Container) {
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
      throw new StartError(error.reason, error.message, waitMs || undefined)
    }
  }

  async #configure(
    round: Round,
    container: Container,
    image: Awaited<ReturnType<ImagePuller['ensure']>>,
  ) {
    const { paths, nodeMemoryBytes, dns } = this.#deps
    const { pod, observed, podIps, volumes } = round
    const { namespace = '', name, uid } = pod.metadata
    try {
      const logDirectory = join(paths.podLogDir(namespace, name, uid), container.name)
      const restartCount = await nextRestartCount(observed, container.name, logDirectory)
      const environment = this.#environment(round, container)
      const hostname = podHostname(pod, dns.clusterDomain)
      const inputs = { pod, container, volumes, environment, podIps, hostname }
      const mounts = await containerMounts(this.#deps, inputs)
      await mkdir(logDirectory, { recursive: true, mode: 0o755 })
      const targetId = targetOf(container, observed)
      return containerConfig({
        ...{ pod, container, restartCount, image, environment, mounts, targetId },
        nodeMemoryBytes,
      })
    } catch (error) {
      const { message } = error as Error
      throw this.#failed(round, container, 'CreateContainerConfigError', message)
    }
  }

  #environment({ pod, podIps }: Round, container: Container): Map<string, string> {
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

  async #postStart(round: Round, container: Container, containerId: string): Promise<void> {
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
      if (status) {
        const observed = { ...emptyContainer, id: containerId, name: container.name }
        const reason = 'FailedPostStartHook'
        await killer.kill({ pod, container: observed, podIp, message: reason, reason })
      }
      throw new StartError('PostStartHookError', message)
    }
  }

  #failed(round: Round, container: Container, reason: string, message: string): StartError {
    this.#tell(round, container, 'Warning', 'Failed', `Error: ${message}`)
    return new StartError(reason, message)
  }

  #tell(
    { pod }: Round,
    { name }: Container,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    this.#deps.recorder.record(containerReference(pod, name), type, reason, message)
  }
}

/** Enough of a container to stop it. */
const emptyContainer: ObservedContainer = {
  id: '',
  name: '',
  pod: { uid: '', name: '', namespace: '' },
  sandboxId: '',
  state: 'running',
  createdAtMs: 0,
  startedAtMs: 0,
  finishedAtMs: 0,
  exitCode: 0,
  reason: '',
  message: '',
  image: '',
  imageRef: '',
  logPath: '',
  notes: {
    hash: '',
    restartCount: 0,
    terminationMessagePath: '',
    terminationMessagePolicy: '',
    preStop: undefined,
    ports: [],
    deletionGraceSeconds: undefined,
    terminationGraceSeconds: undefined,
  },
  resources: undefined,
  user: undefined,
  stopSignal: undefined,
  messageFile: '',
}

function resultOf({ attempts, retries }: Round): RuntimeSyncResult {
  const retryAfterMs = retries.length > 0 ? Math.min(...retries) : undefined
  return { attempts, failure: undefined, retryAfterMs }
}

export function backoffKey(pod: Pod, container: Container): string {
  return `${pod.metadata.uid}_${container.name}_${containerHash(container)}`
}

/** The last end of each init container is kept for its status; all go when everything begins anew. */
function surplusInitContainers(
  pod: Pod,
  observed: ObservedPod,
  actions: PodActions,
): ObservedContainer[] {
  return initContainersOf(pod).flatMap(({ name }) => {
    const ended = observed.containers.filter(
      (c) => c.name === name && (c.state === 'exited' || c.state === 'unknown'),
    )
    return actions.createSandbox && actions.killPod ? ended : ended.slice(1)
  })
}

/** After a runtime lost its containers, the logs still tell how often there was one (calcRestartCountByLogDir). */
async function nextRestartCount(
  observed: ObservedPod,
  name: string,
  logDirectory: string,
): Promise<number> {
  const last = findContainer(observed, name)
  if (last) return last.notes.restartCount + 1
  const files = await readdir(logDirectory).catch(() => [])
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

async function ignoreNotFound(answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (error) {
    if (!isCriNotFound(error)) throw error
  }
}
