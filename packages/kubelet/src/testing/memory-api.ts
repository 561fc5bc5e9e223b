import { deepCopy } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import { MemoryTransport } from '@kemu/client/memory'
import type { DeleteOptions, PatchType, ResourcePath } from '@kemu/client'

interface Condition {
  readonly type: string
}

interface WithStatus {
  status?: { conditions?: Condition[] }
}

function withoutNulls<T extends object>(object: T): T {
  const kept = Object.entries(object).filter(([key, v]) => v !== null || key === 'lastProbeTime')
  return Object.fromEntries(kept) as T
}

/** The memory API with the one piece of strategic merging that the kubelet needs: conditions by type. */
export class MemoryApi extends MemoryTransport {
  override async patch(path: ResourcePath, type: PatchType, patch: unknown): Promise<KubeObject> {
    const { status } = patch as WithStatus
    if (type !== 'strategic' || !status?.conditions) return super.patch(path, type, patch)
    const standing = (await this.get({ ...path, subresource: '' })) as KubeObject & WithStatus
    const merged = deepCopy(standing.status?.conditions ?? [])
    for (const change of status.conditions) {
      const at = merged.findIndex((condition) => condition.type === change.type)
      if (at < 0) merged.push(change)
      else merged[at] = withoutNulls({ ...merged[at]!, ...change })
    }
    return super.patch(path, type, {
      ...(patch as object),
      status: { ...status, conditions: merged },
    })
  }

  /** A deleting pod waits for its node; the node's own delete with grace 0 takes it away. */
  override async delete(path: ResourcePath, options: DeleteOptions = {}): Promise<KubeObject> {
    const standing = await this.get(path)
    if (options.gracePeriodSeconds !== 0 || !standing.metadata.deletionTimestamp)
      return super.delete(path, options)
    return super.patch(path, 'merge', { metadata: { finalizers: null } })
  }
}
