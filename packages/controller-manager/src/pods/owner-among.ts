import { controllerOf } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { Lister } from '@kemu/client'

/** The controller of an object, if it is of this kind and still the one that is meant (resolveControllerRef). */
export function ownerAmong<T extends KubeObject>(
  owners: Lister<T>,
  kind: string,
  { metadata }: KubeObject,
): T | undefined {
  const reference = controllerOf(metadata)
  if (reference?.kind !== kind) return undefined
  const owner = owners.get(`${metadata.namespace ?? ''}/${reference.name}`)
  return owner?.metadata.uid === reference.uid ? owner : undefined
}
