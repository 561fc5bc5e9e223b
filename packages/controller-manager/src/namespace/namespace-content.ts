import { isNotFound, isStatusError, pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { Client } from '@kemu/client'
import type { ServedResource } from '../discovery/discovery.ts'
import { serves } from '../discovery/discovery.ts'

/** What is left of one resource after everything in the namespace was asked to go. */
export interface Remaining {
  readonly resource: ServedResource
  readonly count: number
  /** How many objects each finalizer holds back. */
  readonly finalizers: ReadonlyMap<string, number>
  /** How long the pods among them may still take, in milliseconds. */
  readonly estimateMs: number
}

/** Upstream asks again after 15 s for resources that tell no time. */
const estimateMsDefault = 15_000

/** Deletes every object of the resource in the namespace and tells what remains. */
export async function deleteContent(
  client: Client,
  namespace: string,
  resource: ServedResource,
): Promise<Remaining | undefined> {
  const objects = client.resource(resource, namespace)
  try {
    if (serves(resource, 'deletecollection'))
      await objects.deleteCollection({}, { propagationPolicy: 'Background' })
    else
      for (const { metadata } of (await objects.list()).items)
        await objects.delete(metadata.name, { propagationPolicy: 'Background' })
  } catch (error) {
    // A kind may refuse to be deleted in bulk, or be gone by now; what remains tells.
    if (!isNotFound(error) && !isStatusError(error, 'MethodNotAllowed')) throw error
  }
  const left = (await objects.list().catch(emptyWhenGone)).items
  if (left.length === 0) return undefined
  const finalizers = new Map<string, number>()
  for (const { metadata } of left)
    for (const name of metadata.finalizers ?? [])
      finalizers.set(name, (finalizers.get(name) ?? 0) + 1)
  const isPods = resource.resource === pods.resource && resource.group === pods.group
  const estimateMs = isPods ? longestGraceMs(left as Pod[]) : estimateMsDefault
  return { resource, count: left.length, finalizers, estimateMs }
}

function emptyWhenGone(error: unknown): { items: never[] } {
  if (isNotFound(error)) return { items: [] }
  throw error
}

function longestGraceMs(left: readonly Pod[]): number {
  const graces = left.map((pod) => pod.spec.terminationGracePeriodSeconds ?? 0)
  return Math.max(...graces) * 1000
}
