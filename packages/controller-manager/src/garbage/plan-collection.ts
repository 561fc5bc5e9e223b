import type { OwnerReference } from '@kemu/api'

export type OwnerState =
  /** It is there and stays, at least for now. */
  | 'solid'
  /** It is gone, or another object has its name. */
  | 'absent'
  /** It is being deleted in the foreground and waits for its dependents. */
  | 'waiting'

export interface ClassifiedOwner {
  readonly reference: OwnerReference
  readonly state: OwnerState
}

export interface CollectionInput {
  readonly owners: readonly ClassifiedOwner[]
  readonly finalizers: readonly string[]
  readonly hasDependents: boolean
}

export type Collection =
  | { readonly kind: 'keep' }
  /** Some owners are gone, others hold it: only the references go. */
  | { readonly kind: 'dropReferences'; readonly uids: readonly string[] }
  | {
      readonly kind: 'delete'
      readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan'
      /** Dependents that are deleted in the foreground themselves and refer back must not block: a circle. */
      readonly unblockDependents: boolean
    }

/** What becomes of an object with these owners (attemptToDeleteItem). */
export function planCollection({ owners, finalizers, hasDependents }: CollectionInput): Collection {
  if (owners.length === 0) return { kind: 'keep' }
  const gone = owners.filter(({ state }) => state !== 'solid')
  if (gone.length === 0) return { kind: 'keep' }
  if (gone.length < owners.length)
    return { kind: 'dropReferences', uids: gone.map(({ reference }) => reference.uid) }
  if (owners.some(({ state }) => state === 'waiting') && hasDependents)
    return { kind: 'delete', propagationPolicy: 'Foreground', unblockDependents: true }
  const propagationPolicy = finalizers.includes('orphan')
    ? 'Orphan'
    : finalizers.includes('foregroundDeletion')
      ? 'Foreground'
      : 'Background'
  return { kind: 'delete', propagationPolicy, unblockDependents: false }
}
