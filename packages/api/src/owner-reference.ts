import type { ObjectMeta, OwnerReference } from './generated/types.ts'
import type { KubeObject } from './object.ts'

/** The one owner that manages the object, if any (metav1.GetControllerOf). */
export function controllerOf(meta: Partial<ObjectMeta>): OwnerReference | undefined {
  return meta.ownerReferences?.find((owner) => owner.controller)
}

export function isControlledBy(meta: Partial<ObjectMeta>, owner: KubeObject): boolean {
  return controllerOf(meta)?.uid === owner.metadata.uid
}

/**
 * A reference that makes `owner` the managing owner and blocks its foreground deletion
 * (metav1.NewControllerRef).
 */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}
