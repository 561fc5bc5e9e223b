import type { Logger } from '@kemu/base'
import type { Container, ContainerStatus, PodSandbox, PodSandboxStatus } from '@kemu/rpc/cri'
import { isCriNotFound } from './cri-error.ts'
import type { Cri } from './cri.ts'
import { podUidLabel } from './cri-labels.ts'
import {
  assemblePod,
  emptyPod,
  identityOf,
  observeContainer,
  observeSandbox,
} from './observed-pod.ts'
import type {
  ObservedContainer,
  ObservedPod,
  ObservedSandbox,
  PodIdentity,
} from './observed-pod.ts'

/**
 * Adds what a container left behind to its message: its termination message, or the end of its log.
 */
export type ReadTerminationMessage = (container: ObservedContainer) => Promise<string>

export interface PodObserverDeps {
  readonly cri: Cri
  readonly logger: Logger
  readonly terminationMessage: ReadTerminationMessage
}

/** A pod's containers and sandboxes as the runtime lists them: states, without details. */
export interface ListedPod extends PodIdentity {
  readonly signature: string
}

/**
 * Asks the runtime what it holds. What cannot change any more is taken from the last observation.
 */
export class PodObserver {
  readonly #deps: PodObserverDeps

  constructor(deps: PodObserverDeps) {
    this.#deps = deps
  }

  async observe(identity: PodIdentity, last?: ObservedPod): Promise<ObservedPod> {
    const { runtime } = this.#deps.cri
    const labelSelector = { [podUidLabel]: identity.uid }
    const [sandboxes, containers] = await Promise.all([
      runtime.ListPodSandbox({ filter: { labelSelector } }),
      runtime.ListContainers({ filter: { labelSelector } }),
    ])
    const [observedSandboxes, observedContainers] = await Promise.all([
      Promise.all(sandboxes.items.map((item) => this.#sandbox(item, last))),
      Promise.all(containers.containers.map((item) => this.#container(item, last))),
    ])
    return assemblePod(
      identity.uid,
      identity.name,
      identity.namespace,
      observedSandboxes.filter((sandbox) => sandbox !== undefined),
      observedContainers.filter((container) => container !== undefined),
    )
  }

  /**
   * Every pod of the runtime in two calls. Signatures compare with `listedSignature` of an
   * observation.
   */
  async list(): Promise<Map<string, ListedPod>> {
    const { runtime } = this.#deps.cri
    const [sandboxes, containers] = await Promise.all([
      runtime.ListPodSandbox({}),
      runtime.ListContainers({}),
    ])
    const parts = new Map<string, { identity: PodIdentity; items: string[] }>()
    const add = (labels: Record<string, string>, item: string): void => {
      const identity = identityOf(labels)
      if (!identity) return
      const part = parts.get(identity.uid)
      if (part) part.items.push(item)
      else parts.set(identity.uid, { identity, items: [item] })
    }
    for (const s of sandboxes.items) add(s.labels, `${s.id}:${s.state === 'SANDBOX_READY'}`)
    for (const c of containers.containers) add(c.labels, `${c.id}:${listedState(c)}`)
    const listed = new Map<string, ListedPod>()
    for (const [uid, { identity, items }] of parts)
      listed.set(uid, { ...identity, signature: items.sort().join(' ') })
    return listed
  }

  async #sandbox(item: PodSandbox, last?: ObservedPod): Promise<ObservedSandbox | undefined> {
    const known = last?.sandboxes.find((sandbox) => sandbox.id === item.id)
    if (known && known.ready === (item.state === 'SANDBOX_READY')) return known
    const { status } = await ifFound<{ status?: PodSandboxStatus | null }>(
      this.#deps.cri.runtime.PodSandboxStatus({ podSandboxId: item.id }),
      {},
    )
    return status ? observeSandbox(status) : undefined
  }

  async #container(item: Container, last?: ObservedPod): Promise<ObservedContainer | undefined> {
    const known = last?.containers.find((container) => container.id === item.id)
    if (known && known.state === listedState(item)) return known
    const { status } = await ifFound<{ status?: ContainerStatus | null }>(
      this.#deps.cri.runtime.ContainerStatus({ containerId: item.id }),
      {},
    )
    if (!status) return undefined
    const observed = observeContainer(status, item.podSandboxId)
    if (observed.state !== 'exited') return observed
    const left = await this.#deps.terminationMessage(observed)
    if (left === '') return observed
    return { ...observed, message: observed.message === '' ? left : `${observed.message}: ${left}` }
  }
}

/** The signature that `PodObserver.list` would give this pod. */
export function listedSignature(pod: ObservedPod): string {
  return [
    ...pod.sandboxes.map((s) => `${s.id}:${s.ready}`),
    ...pod.containers.map((c) => `${c.id}:${c.state}`),
  ]
    .sort()
    .join(' ')
}

export const nothingObserved = ({ uid, name, namespace }: PodIdentity): ObservedPod =>
  emptyPod(uid, name, namespace)

function listedState(container: Container): ObservedContainer['state'] {
  switch (container.state) {
    case 'CONTAINER_CREATED':
      return 'created'
    case 'CONTAINER_RUNNING':
      return 'running'
    case 'CONTAINER_EXITED':
      return 'exited'
    case 'CONTAINER_UNKNOWN':
      return 'unknown'
  }
}

/** A container may vanish between the list and the question. */
async function ifFound<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isCriNotFound(error)) return otherwise
    throw error
  }
}
