import { formatTime, parseTime } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { Strategy } from '@kemu/api/kinds'
import type { DeleteOptions } from '../request/options.ts'

/** What a delete request means for an object as it is now. */
export type DeletionPlan =
  /** It terminates already, and the request does not shorten its time. */
  | { readonly act: 'nothing' }
  /** It goes at once. */
  | { readonly act: 'remove' }
  /** It stays for a while, changed; `removeAfter` when its time is over with that very change. */
  | { readonly act: 'mark'; readonly object: KubeObject; readonly removeAfter: boolean }

/**
 * Decides like rest.BeforeDelete and Store.updateForGracefulDeletionAndFinalizers: graceful
 * deletion first, then the
 * finalizers that the propagation policy asks for. `object` is the caller's own copy and is
 * changed.
 */
export function planDeletion(
  object: KubeObject,
  options: DeleteOptions,
  strategy: Pick<Strategy, 'gracePeriodSeconds' | 'defaultGarbageCollection'>,
  nowMs: number,
): DeletionPlan {
  const grace = planGrace(object, options, strategy, nowMs)
  if (grace === 'pending') return { act: 'nothing' }
  setCollectionFinalizers(object, options, strategy.defaultGarbageCollection ?? 'background')
  const hasFinalizers = (object.metadata.finalizers ?? []).length > 0
  if (grace !== undefined) {
    return { act: 'mark', object, removeAfter: !hasFinalizers && grace === 0 }
  }
  if (hasFinalizers) {
    markAsDeleting(object, nowMs)
    return { act: 'mark', object, removeAfter: false }
  }
  return { act: 'remove' }
}

/**
 * Seconds that the object may take; undefined when it does not end gracefully; pending when it does
 * so already.
 */
function planGrace(
  object: KubeObject,
  options: DeleteOptions,
  strategy: Pick<Strategy, 'gracePeriodSeconds'>,
  nowMs: number,
): number | 'pending' | undefined {
  if (!strategy.gracePeriodSeconds) return undefined
  const { metadata } = object
  const asked = options.gracePeriodSeconds
  const requested = asked !== undefined && asked < 0 ? 1 : asked
  if (metadata.deletionTimestamp !== undefined) return shortenGrace(object, requested, nowMs)
  const seconds = strategy.gracePeriodSeconds(object, requested)
  if (seconds === undefined) return undefined
  metadata.deletionTimestamp = formatTime(nowMs + seconds * 1000)
  metadata.deletionGracePeriodSeconds = seconds
  if ((metadata.generation ?? 0) > 0) metadata.generation! += 1
  return seconds
}

/** An object that terminates may only be made to end sooner. */
function shortenGrace(
  { metadata }: KubeObject,
  requested: number | undefined,
  nowMs: number,
): number | 'pending' | undefined {
  const present = Math.max(0, metadata.deletionGracePeriodSeconds ?? 0)
  if (present === 0) return undefined
  if (requested === undefined || requested >= present) return 'pending'
  const startedMs = parseTime(metadata.deletionTimestamp!) - present * 1000
  let seconds = requested
  let endMs = startedMs + requested * 1000
  if (endMs < nowMs) {
    endMs = nowMs
    if (seconds !== 0) seconds = 1
  }
  metadata.deletionTimestamp = formatTime(endMs)
  metadata.deletionGracePeriodSeconds = seconds
  return seconds
}

/** Finalizers on which others act: the object stays, and says that it goes. */
function markAsDeleting({ metadata }: KubeObject, nowMs: number): void {
  const present = metadata.deletionTimestamp
  if (present === undefined && (metadata.generation ?? 0) > 0) metadata.generation! += 1
  if (present === undefined || parseTime(present) > nowMs) {
    metadata.deletionTimestamp = formatTime(nowMs)
  }
  metadata.deletionGracePeriodSeconds = 0
}

const orphan = 'orphan'
const foreground = 'foregroundDeletion'

/** Adds and removes the garbage collector's finalizers. */
function setCollectionFinalizers(
  { metadata }: KubeObject,
  options: DeleteOptions,
  policy: NonNullable<Strategy['defaultGarbageCollection']>,
): void {
  const before = metadata.finalizers ?? []
  const wanted = collectionFinalizers(before, options, policy)
  const after = [...before.filter((name) => name !== orphan && name !== foreground), ...wanted]
  if (before.length === after.length && after.every((name) => before.includes(name))) return
  if (after.length === 0) delete metadata.finalizers
  else metadata.finalizers = after
}

function collectionFinalizers(
  present: readonly string[],
  { orphanDependents, propagationPolicy }: DeleteOptions,
  policy: NonNullable<Strategy['defaultGarbageCollection']>,
): string[] {
  if (policy === 'unsupported') return []
  if (orphanDependents !== undefined) return orphanDependents ? [orphan] : []
  switch (propagationPolicy) {
    case 'Orphan':
      return [orphan]
    case 'Foreground':
      return [foreground]
    case 'Background':
      return []
    default:
      if (present.includes(orphan)) return [orphan]
      if (present.includes(foreground)) return [foreground]
      return policy === 'orphan' ? [orphan] : []
  }
}
