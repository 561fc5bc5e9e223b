import { controllerOf } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { Informer } from '@kemu/client'

const index = 'controllerUid'

/** Files objects under their controller's uid, and those without one under their namespace. */
export function indexByController<T extends KubeObject>(informer: Informer<T>): void {
  informer.addIndex(index, ({ metadata }) => {
    const owner = controllerOf(metadata)
    return [owner ? owner.uid : orphansOf(metadata.namespace)]
  })
}

/** Everything that the owner controls or might adopt. */
export function claimable<T extends KubeObject>(informer: Informer<T>, owner: KubeObject): T[] {
  const { uid, namespace } = owner.metadata
  return [
    ...informer.lister.byIndex(index, uid),
    ...informer.lister.byIndex(index, orphansOf(namespace)),
  ]
}

/** Everything that the owner controls. */
export function controlled<T extends KubeObject>(informer: Informer<T>, ownerUid: string): T[] {
  return informer.lister.byIndex(index, ownerUid)
}

function orphansOf(namespace: string | undefined): string {
  return `orphans of ${namespace ?? ''}`
}
