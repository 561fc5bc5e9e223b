import type { KubeObject, OwnerReference } from '@kemu/api'
import type { ServedResource } from '../discovery/discovery.ts'

/** Finalizers that tell how an owner's dependents shall fare. */
export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

/** An object as far as ownership goes. */
export interface GraphNode {
  readonly uid: string
  readonly resource: ServedResource
  readonly namespace: string
  readonly name: string
  readonly owners: readonly OwnerReference[]
  readonly deleting: boolean
  /** It goes after its dependents: propagation policy Foreground. */
  readonly deletingDependents: boolean
  /** Its dependents stay: propagation policy Orphan. */
  readonly orphaning: boolean
}

export function graphNode(resource: ServedResource, { metadata }: KubeObject): GraphNode {
  const deleting = metadata.deletionTimestamp !== undefined
  const has = (finalizer: string): boolean => metadata.finalizers?.includes(finalizer) ?? false
  return {
    uid: metadata.uid,
    resource,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    owners: metadata.ownerReferences ?? [],
    deleting,
    deletingDependents: deleting && has(foregroundFinalizer),
    orphaning: deleting && has(orphanFinalizer),
  }
}

/** Who owns whom, over all kinds. It only holds what it is told; it asks nobody and deletes nothing. */
export class DependencyGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  get size(): number {
    return this.#nodes.size
  }

  dependentsOf(uid: string): GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((id) => this.#nodes.get(id) ?? [])
  }

  /** Puts the object in; gives back what it replaced. */
  set(node: GraphNode): GraphNode | undefined {
    const old = this.#nodes.get(node.uid)
    if (old) this.#unlink(old)
    this.#nodes.set(node.uid, node)
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid)
      if (dependents) dependents.add(node.uid)
      else this.#dependents.set(uid, new Set([node.uid]))
    }
    return old
  }

  delete(uid: string): GraphNode | undefined {
    const old = this.#nodes.get(uid)
    if (!old) return undefined
    this.#unlink(old)
    this.#nodes.delete(uid)
    return old
  }

  #unlink(node: GraphNode): void {
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid)
      dependents?.delete(node.uid)
      if (dependents?.size === 0) this.#dependents.delete(uid)
    }
  }
}

/** Dependents that the owner's foreground deletion waits for. */
export function blocking(owner: GraphNode, dependents: readonly GraphNode[]): GraphNode[] {
  return dependents.filter(({ owners }) =>
    owners.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion),
  )
}
