import { controllerReference } from '@kemu/api'
import type { KubeObject, OwnerReference, PersistentVolumeClaim, Pod, StatefulSet } from '@kemu/api'
import { isInRange, ordinalOf } from './stateful-pod.ts'

/**
 * The owners that a claim should have by the set's retention policy (KEP-1847); undefined: those that it has. Whoever
 * owns it takes it along: the set when it is deleted, a pod beyond the range when it is gone.
 */
export function claimOwners(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  pod: Pod | undefined,
): OwnerReference[] | undefined {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } =
    set.spec.persistentVolumeClaimRetentionPolicy ?? {}
  const references = claim.metadata.ownerReferences ?? []
  const others = references.filter(
    ({ uid }) => uid !== set.metadata.uid && uid !== pod?.metadata.uid,
  )
  // Another controller's claim is left to it.
  if (others.some(({ controller }) => controller)) return undefined
  const ordinal = pod && ordinalOf(pod, set)
  const isScaledAway = ordinal !== undefined && !isInRange(ordinal, set)
  const owner: KubeObject | undefined =
    isScaledAway && whenScaled === 'Delete' ? pod : whenDeleted === 'Delete' ? set : undefined
  const wanted = owner ? [...others, controllerReference(owner)] : others
  const uids = (list: readonly OwnerReference[]): string => list.map(({ uid }) => uid).join()
  return uids(wanted) === uids(references) ? undefined : wanted
}
