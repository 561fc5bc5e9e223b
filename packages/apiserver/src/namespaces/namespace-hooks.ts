import { formatTime } from '@kemu/api'
import type { KubeObject, Namespace } from '@kemu/api'
import type { DeletionPlan } from '../registry/graceful-deletion.ts'
import type { ResourceHooks, WriteContext } from '../registry/write-context.ts'
import type { DeleteOptions } from '../request/options.ts'

/**
 * A namespace terminates until its controller has emptied it and taken its finalizer out of
 * spec.finalizers.
 */
export const namespaceHooks: ResourceHooks = {
  planDeletion(
    object: KubeObject,
    options: DeleteOptions,
    { nowMs }: WriteContext,
  ): DeletionPlan | undefined {
    const namespace = object as Namespace
    const { metadata, spec } = namespace
    const isEmptied = (spec.finalizers ?? []).length === 0
    if (metadata.deletionTimestamp !== undefined) {
      return isEmptied ? undefined : { act: 'nothing' }
    }
    if (isEmptied && (metadata.finalizers ?? []).length === 0) return undefined
    metadata.deletionTimestamp = formatTime(nowMs)
    namespace.status = { ...namespace.status, phase: 'Terminating' }
    setOrphanFinalizer(namespace, options)
    return { act: 'mark', object: namespace, removeAfter: false }
  },

  mayVanish(object: KubeObject): boolean {
    return ((object as Namespace).spec.finalizers ?? []).length === 0
  },
}

/** Of the propagation policies only orphaning means something here (namespace storage, Delete). */
function setOrphanFinalizer({ metadata }: Namespace, options: DeleteOptions): void {
  const orphans = options.orphanDependents ?? options.propagationPolicy === 'Orphan'
  const others = (metadata.finalizers ?? []).filter((name) => name !== 'orphan')
  const finalizers = orphans ? [...others, 'orphan'] : others
  if (finalizers.length > 0) metadata.finalizers = finalizers
  else delete metadata.finalizers
}
