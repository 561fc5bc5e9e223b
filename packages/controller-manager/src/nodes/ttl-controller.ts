import { isNotFound, nodes, objectKey } from '@kemu/api'
import type { Node } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'

const ttlAnnotation = 'node.alpha.kubernetes.io/ttl'

/** How long kubelets may believe their copies of Secrets and ConfigMaps, by the size of the cluster (ttlBoundaries). */
const boundaries = [
  { sizeMin: 0, sizeMax: 100, ttlSeconds: 0 },
  { sizeMin: 90, sizeMax: 500, ttlSeconds: 15 },
  { sizeMin: 450, sizeMax: 1000, ttlSeconds: 30 },
  { sizeMin: 900, sizeMax: 2000, ttlSeconds: 60 },
  { sizeMin: 1800, sizeMax: Number.POSITIVE_INFINITY, ttlSeconds: 300 },
] as const

/** The step for a cluster of that size, coming from a step: the bounds overlap, so that it does not swing. */
export function ttlStep(from: number, size: number): number {
  let step = from
  while (size > boundaries[step]!.sizeMax) step += 1
  while (size < boundaries[step]!.sizeMin) step -= 1
  return step
}

/** Writes on each node how long its kubelet may keep what it read. */
export class TtlController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #nodes: Informer<Node>
  protected readonly controller: Controller
  #step = 0

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#nodes = deps.informers.of(nodes)
    this.controller = new Controller(
      { name: 'ttlcontroller', sources: [this.#nodes], reconcile: (name) => this.#reconcile(name) },
      deps,
    )
    this.#nodes.addHandler({
      add: (node) => {
        this.#resize()
        this.controller.enqueue(objectKey(node))
      },
      update: (old, node) => {
        const kept = node.metadata.annotations?.[ttlAnnotation]
        if (old.metadata.annotations?.[ttlAnnotation] !== kept)
          this.controller.enqueue(objectKey(node))
      },
      remove: () => this.#resize(),
    })
  }

  #resize(): void {
    const step = ttlStep(this.#step, this.#nodes.lister.size)
    if (step === this.#step) return
    this.#step = step
    for (const node of this.#nodes.lister.list()) this.controller.enqueue(objectKey(node))
  }

  async #reconcile(name: string): Promise<Result> {
    const ttl = String(boundaries[this.#step]!.ttlSeconds)
    const node = this.#nodes.lister.get(name)
    if (!node || node.metadata.annotations?.[ttlAnnotation] === ttl) return done
    const patch = { metadata: { annotations: { [ttlAnnotation]: ttl } } }
    try {
      await this.#deps.client.resource(nodes).patch(name, 'strategic', patch)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}
