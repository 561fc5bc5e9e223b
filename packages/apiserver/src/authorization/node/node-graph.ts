import { pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { CacheEvent } from '../../cache/event-window.ts'
import type { Catalog } from '../../registry/catalog.ts'
import { referencesOf } from './pod-references.ts'

/**
 * Which objects each node may read, counted over the pods on it and kept by the watch cache of
 * pods.
 */
export class NodeGraph {
  readonly #byNode = new Map<string, Map<string, number>>()
  readonly ready: () => Promise<void>

  constructor(catalog: Catalog) {
    const { cache } = catalog.storeOf(pods)
    cache.onEvent((event) => this.#onPod(event))
    this.ready = () => cache.ready()
  }

  isRelated(nodeName: string, reference: string): boolean {
    return this.#byNode.get(nodeName)?.has(reference) ?? false
  }

  #onPod({ type, object, previous }: CacheEvent): void {
    const after = type === 'put' ? (object.object as Pod) : undefined
    const before = previous && (previous.object as Pod)
    // A pod's references are settled when it is bound: its other changes are of no account.
    const bound = (pod: Pod | undefined): string => pod?.spec.nodeName ?? ''
    const sameContainers =
      before && after && before.metadata.generation === after.metadata.generation
    if (sameContainers && bound(before) === bound(after)) return
    if (before && bound(before) !== '') this.#count(before, -1)
    if (after && bound(after) !== '') this.#count(after, 1)
  }

  #count(pod: Pod, by: number): void {
    const node = pod.spec.nodeName!
    let counts = this.#byNode.get(node)
    if (!counts) this.#byNode.set(node, (counts = new Map()))
    for (const reference of referencesOf(pod)) {
      const count = (counts.get(reference) ?? 0) + by
      if (count > 0) counts.set(reference, count)
      else counts.delete(reference)
    }
    if (counts.size === 0) this.#byNode.delete(node)
  }
}
