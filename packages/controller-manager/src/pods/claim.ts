import { controllerOf, controllerReference, isInvalid, isNotFound } from '@kemu/api'
import type { KubeObject, ResourceType, Selector } from '@kemu/api'
import type { Client } from '@kemu/client'

export interface ClaimDeps {
  readonly client: Client
  /** What is claimed: pods, replica sets, controller revisions. */
  readonly type: ResourceType
  readonly owner: KubeObject
  readonly selector: Selector
  /** Put on what is adopted, and taken off what is released. */
  readonly finalizer?: string
  /** The owner as the API has it now; an owner that is deleted or another object must adopt nothing. */
  readonly freshOwner: () => Promise<KubeObject>
}

export type ClaimAction = 'keep' | 'adopt' | 'release' | 'ignore'

/** What an owner does with an object that it might own (upstream: ControllerRefManager.ClaimObject). */
export function planClaim(owner: KubeObject, selector: Selector, object: KubeObject): ClaimAction {
  const controller = controllerOf(object.metadata)
  const matches = selector.matches(object.metadata.labels)
  if (controller) {
    if (controller.uid !== owner.metadata.uid) return 'ignore'
    if (matches) return 'keep'
    return owner.metadata.deletionTimestamp === undefined ? 'release' : 'ignore'
  }
  const mayAdopt =
    matches &&
    owner.metadata.deletionTimestamp === undefined &&
    object.metadata.deletionTimestamp === undefined
  return mayAdopt ? 'adopt' : 'ignore'
}

/** The objects that belong to the owner, after orphans were adopted and those that match no more were released. */
export async function claim<T extends KubeObject>(
  deps: ClaimDeps,
  objects: readonly T[],
): Promise<T[]> {
  const { owner, selector, freshOwner } = deps
  const claimed: T[] = []
  let adoptable: Promise<boolean> | undefined
  for (const object of objects) {
    switch (planClaim(owner, selector, object)) {
      case 'keep':
        claimed.push(object)
        break
      case 'adopt':
        adoptable ??= freshOwner().then(
          (fresh) =>
            fresh.metadata.uid === owner.metadata.uid &&
            fresh.metadata.deletionTimestamp === undefined,
        )
        if ((await adoptable) && (await adopt(deps, object))) claimed.push(object)
        break
      case 'release':
        await release(deps, object)
        break
      case 'ignore':
        break
    }
  }
  return claimed
}

async function adopt(
  { client, type, owner, finalizer }: ClaimDeps,
  object: KubeObject,
): Promise<boolean> {
  const { name, namespace, uid } = object.metadata
  const finalizers = finalizer === undefined ? {} : { finalizers: [finalizer] }
  const ownerReferences = [controllerReference(owner)]
  const patch = { metadata: { uid, ownerReferences, ...finalizers } }
  try {
    await client.resource(type, namespace).patch(name, 'strategic', patch)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function release(
  { client, type, owner, finalizer }: ClaimDeps,
  object: KubeObject,
): Promise<void> {
  const { name, namespace, uid } = object.metadata
  const reference = { $patch: 'delete', uid: owner.metadata.uid }
  const finalizers =
    finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] }
  const patch = { metadata: { uid, ownerReferences: [reference], ...finalizers } }
  try {
    await client.resource(type, namespace).patch(name, 'strategic', patch)
  } catch (error) {
    // Gone, or another object of that name by now: nothing is left to release.
    if (isNotFound(error) || isInvalid(error)) return
    throw error
  }
}
