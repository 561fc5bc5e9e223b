import { mkdirSync } from 'node:fs'
import type { Container, Pod } from '@kemu/api'
import type { EventRecorder } from '@kemu/client'
import type { Message } from '@kemu/rpc'
import type { DNSConfig, PodSandboxConfig } from '@kemu/rpc/cri'
import type { NodePaths } from '../config/node-paths.ts'
import { criErrorText, criMessage, isCriNotFound } from '../cri/cri-error.ts'
import type { Cri } from '../cri/cri.ts'
import type { ObservedContainer, ObservedPod } from '../cri/observed-pod.ts'
import type { StartFailure } from '../status/container-statuses.ts'
import { computePodActions } from '../sync/compute-pod-actions.ts'
import type { PodActions, ProbeVerdicts } from '../sync/pod-actions.ts'
import {
  ephemeralContainersOf,
  initContainersOf,
  isSidecar,
  podReference,
  podText,
} from '../sync/pod-spec.ts'
import type { MountedVolumes } from '../volumes/volume-manager.ts'
import type { ContainerKiller } from './container-killer.ts'
import type { ContainerStarter, PodSurroundings } from './container-starter.ts'
import { planDns } from './dns-config.ts'
import type { DnsSettings } from './dns-config.ts'
import { kernelHostname, podHostname } from './pod-hostname.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { StartError } from './start-error.ts'

export interface RuntimeManagerDeps {
  readonly cri: Cri
  readonly recorder: EventRecorder
  readonly paths: NodePaths
  readonly killer: ContainerKiller
  readonly starter: ContainerStarter
  readonly dns: DnsSettings
  readonly hostDns: () => DNSConfig
  /** The runtime handler of the pod's RuntimeClass; '' is the default one. */
  readonly runtimeHandler: (pod: Pod) => Promise<string>
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

interface Round extends RuntimeSync, PodSurroundings {
  readonly actions: PodActions
  readonly attempts: Map<string, StartFailure | undefined>
  readonly retries: number[]
}

/**
 * Executes what `computePodActions` decides, over CRI. Upstream counterpart:
 * kubeGenericRuntimeManager.
 */
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
      mkdirSync(config.logDirectory!, { recursive: true, mode: 0o755 })
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
      await this.#deps.starter.start(round, container)
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
}

function resultOf({ attempts, retries }: Round): RuntimeSyncResult {
  const retryAfterMs = retries.length > 0 ? Math.min(...retries) : undefined
  return { attempts, failure: undefined, retryAfterMs }
}

/**
 * The last end of each init container is kept for its status; all go when everything begins anew.
 */
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

async function ignoreNotFound(answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (error) {
    if (!isCriNotFound(error)) throw error
  }
}
