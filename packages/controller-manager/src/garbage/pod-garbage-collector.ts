import { formatTime, isNotFound, isPodTerminal, nodes, objectKey, parseTime, pods } from '@kemu/api'
import type { Node, Pod } from '@kemu/api'
import type { Informer } from '@kemu/client'
import {
  Controller,
  done,
  OneQueueController,
  requeueAfter,
  wellKnownTaints,
} from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'

/** quarantineTime: how long a node must be gone before its pods are. */
const quarantineMs = 40_000

/** Force-deletes pods that nobody will ever end: of nodes that are gone, never scheduled, or too many ended ones. */
export class PodGarbageCollector extends OneQueueController {
  readonly #endedMax: number
  readonly #deps: ControllerDeps
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  protected readonly controller: Controller
  /** Since when a pod's node is missing, on our clock. */
  readonly #missingSince = new Map<string, number>()
  #ended = 0

  /** `endedMax` is --terminated-pod-gc-threshold; 0 or less: ended pods stay. */
  constructor(endedMax: number, deps: ControllerDeps) {
    super()
    this.#endedMax = endedMax
    this.#deps = deps
    this.#pods = deps.informers.of(pods)
    this.#nodes = deps.informers.of(nodes)
    this.#pods.addIndex('nodeName', ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
    this.controller = new Controller(
      {
        name: 'orphaned_pods_nodes',
        sources: [this.#pods, this.#nodes],
        reconcile: (key) => (key === surplusKey ? this.#trimEnded() : this.#reconcile(key)),
      },
      deps,
    )
    this.#listen()
  }

  #listen(): void {
    const enqueue = (pod: Pod): void => this.controller.enqueue(objectKey(pod))
    this.#pods.addHandler({
      add: (pod) => {
        if (isPodTerminal(pod)) this.#countEnded(1)
        enqueue(pod)
      },
      update: (old, pod) => {
        if (!isPodTerminal(old) && isPodTerminal(pod)) this.#countEnded(1)
        if (pod.metadata.deletionTimestamp !== undefined) enqueue(pod)
      },
      remove: (pod) => {
        if (isPodTerminal(pod)) this.#countEnded(-1)
      },
    })
    const ofNode = (node: Node): void => {
      for (const pod of this.#pods.lister.byIndex('nodeName', node.metadata.name)) enqueue(pod)
    }
    this.#nodes.addHandler({
      add: (node) => this.#missingSince.delete(node.metadata.name),
      update: (_, node) => {
        if (outOfService(node)) ofNode(node)
      },
      remove: ofNode,
    })
  }

  #countEnded(by: 1 | -1): void {
    this.#ended += by
    if (this.#endedMax > 0 && this.#ended > this.#endedMax) this.controller.enqueue(surplusKey)
  }

  async #reconcile(key: string): Promise<Result> {
    const pod = this.#pods.lister.get(key)
    if (!pod) return done
    const terminating = pod.metadata.deletionTimestamp !== undefined
    // Deleted without grace already: only a finalizer holds it, and asking again would change nothing.
    if (terminating && pod.metadata.deletionGracePeriodSeconds === 0) return done
    const nodeName = pod.spec.nodeName
    if (!nodeName) {
      if (terminating) await this.#remove(pod)
      return done
    }
    const node = this.#nodes.lister.get(nodeName)
    if (node) {
      if (terminating && outOfService(node)) await this.#remove(pod)
      return done
    }
    const waitMs = this.#quarantineLeftMs(nodeName)
    if (waitMs > 0) return requeueAfter(waitMs)
    if (await this.#nodeExists(nodeName)) return done
    await this.#remove(pod, 'PodGC: node no longer exists')
    return done
  }

  #quarantineLeftMs(nodeName: string): number {
    const nowMs = this.#deps.clock.monotonicMs()
    const since = this.#missingSince.get(nodeName) ?? nowMs
    this.#missingSince.set(nodeName, since)
    return since + quarantineMs - nowMs
  }

  async #nodeExists(name: string): Promise<boolean> {
    try {
      await this.#deps.client.resource(nodes).get(name)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  /** Marks a pod that has not ended as failed, and deletes it without grace. */
  async #remove(pod: Pod, why?: string): Promise<void> {
    const { client, clock } = this.#deps
    const { namespace, name, uid, generation } = pod.metadata
    const resource = client.resource(pods, namespace)
    const condition = why !== undefined && {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: why,
      lastTransitionTime: formatTime(clock.now()),
      observedGeneration: generation,
    }
    try {
      if (!isPodTerminal(pod))
        await resource.patchStatus(name, 'strategic', {
          metadata: { uid },
          status: { phase: 'Failed', ...(condition && { conditions: [condition] }) },
        })
      await resource.delete(name, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** Too many ended pods: the evicted first, then the oldest. */
  async #trimEnded(): Promise<Result> {
    const ended = this.#pods.lister.list().filter(isPodTerminal)
    const surplus = ended.length - this.#endedMax
    if (surplus <= 0) return done
    const oldest = ended.sort(
      (a, b) => parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp),
    )
    await Promise.all(oldest.slice(0, surplus).map((pod) => this.#remove(pod)))
    return done
  }
}

const surplusKey = '(ended pods)'

function outOfService(node: Node): boolean {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  return !ready && (node.spec?.taints ?? []).some(({ key }) => key === wellKnownTaints.outOfService)
}
