import { formatTime, isNotFound, isPodTerminal, nodes, objectKey, pods } from '@kemu/api'
import type { Node, Pod, Taint } from '@kemu/api'
import type { Informer } from '@kemu/client'
import {
  Controller,
  done,
  OneQueueController,
  requeueAfter,
  tolerates,
} from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'

/** When a pod must leave a node with these taints: a delay from the moment that they were seen, or never. */
export function toleranceMs(pod: Pod, taints: readonly Taint[]): number | 'forever' {
  let leastMs: number | 'forever' = 'forever'
  for (const taint of taints) {
    const matching = (pod.spec.tolerations ?? []).filter((t) => tolerates(t, taint))
    if (matching.length === 0) return 0
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds === undefined) continue
      const ms = Math.max(0, tolerationSeconds * 1000)
      leastMs = leastMs === 'forever' ? ms : Math.min(leastMs, ms)
    }
  }
  return leastMs
}

/** Deletes pods from nodes with NoExecute taints that they do not tolerate, or not for longer (KEP-166). */
export class TaintEvictionController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #nodes: Informer<Node>
  readonly #pods: Informer<Pod>
  protected readonly controller: Controller
  /** Since when a pod is due to leave, on our clock. */
  readonly #since = new Map<string, { uid: string; atMs: number }>()

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#nodes = deps.informers.of(nodes)
    this.#pods = deps.informers.of(pods)
    this.#pods.addIndex('nodeName', ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
    this.controller = new Controller(
      {
        name: 'taint-eviction-controller',
        sources: [this.#nodes, this.#pods],
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    this.#nodes.addHandler({
      add: (node) => this.#onNode(undefined, node),
      update: (old, node) => this.#onNode(old, node),
    })
    this.#pods.addHandler({
      add: (pod) => this.#onPod(pod),
      update: (_, pod) => this.#onPod(pod),
      remove: (pod) => this.#since.delete(objectKey(pod)),
    })
  }

  #onNode(old: Node | undefined, node: Node): void {
    const before = old ? evicting(old) : []
    const after = evicting(node)
    if (before.length === 0 && after.length === 0) return
    for (const pod of this.#pods.lister.byIndex('nodeName', node.metadata.name))
      this.controller.enqueue(objectKey(pod))
  }

  #onPod(pod: Pod): void {
    const node = this.#nodes.lister.get(pod.spec.nodeName ?? '')
    if (node && evicting(node).length > 0) this.controller.enqueue(objectKey(pod))
  }

  async #reconcile(key: string): Promise<Result> {
    const pod = this.#pods.lister.get(key)
    if (!pod || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) {
      this.#since.delete(key)
      return done
    }
    const node = this.#nodes.lister.get(pod.spec.nodeName ?? '')
    const taints = node ? evicting(node) : []
    const delay = toleranceMs(pod, taints)
    if (taints.length === 0 || delay === 'forever') {
      this.#cancel(key, pod)
      return done
    }
    const nowMs = this.#deps.clock.monotonicMs()
    const known = this.#since.get(key)
    const since = known?.uid === pod.metadata.uid ? known.atMs : nowMs
    this.#since.set(key, { uid: pod.metadata.uid, atMs: since })
    if (since + delay > nowMs) return requeueAfter(since + delay - nowMs)
    await this.#evict(pod)
    return done
  }

  #cancel(key: string, pod: Pod): void {
    if (!this.#since.delete(key)) return
    const text = `Cancelling deletion of Pod ${key}`
    this.#deps.recorder.record(pod, 'Normal', 'TaintManagerEviction', text)
  }

  async #evict(pod: Pod): Promise<void> {
    const { client, clock, recorder } = this.#deps
    const { namespace, name, uid, generation } = pod.metadata
    const text = `Marking for deletion Pod ${namespace}/${name}`
    recorder.record(pod, 'Normal', 'TaintManagerEviction', text)
    const resource = client.resource(pods, namespace)
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: formatTime(clock.now()),
      observedGeneration: generation,
    }
    try {
      await resource.patchStatus(name, 'strategic', {
        metadata: { uid },
        status: { conditions: [condition] },
      })
      await resource.delete(name, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

function evicting(node: Node): Taint[] {
  return (node.spec?.taints ?? []).filter((taint) => taint.effect === 'NoExecute')
}
