import { isNotFound, objectKey, pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { Client } from '@kemu/client'
import { namespaceTerminates, podReady } from '@kemu/controller-runtime'
import type { DeletionExpectations } from '@kemu/controller-runtime'
import type { PodControl } from '../pods/pod-control.ts'
import { slowStart } from '../pods/slow-start.ts'
import { isTracked, trackingFinalizer } from './finished-pod.ts'
import { indexedPrefix, jobPodTemplate } from './job-pod.ts'
import type { JobView } from './observe-job.ts'

/** What a pass did to the pods, in the counts that the status shows. */
export interface Managed {
  readonly activeCount: number
  readonly readyCount: number
  readonly deletedCount: number
  readonly waitMs?: number
  readonly error?: unknown
}

export interface JobPodsDeps {
  readonly client: Client
  readonly podControl: PodControl
  readonly expectations: DeletionExpectations
}

/** Makes, deletes and lets go the pods of jobs. */
export class JobPods {
  readonly #deps: JobPodsDeps
  /** Pods whose finalizer is gone, until the cache shows it. */
  readonly #released = new Set<string>()

  constructor(deps: JobPodsDeps) {
    this.#deps = deps
  }

  get released(): ReadonlySet<string> {
    return this.#released
  }

  /** The cache shows the pod as it is now. */
  observed(pod: Pod): void {
    if (!isTracked(pod)) this.#released.delete(pod.metadata.uid)
  }

  forget(pod: Pod): void {
    this.#released.delete(pod.metadata.uid)
  }

  async create(
    key: string,
    view: JobView,
    indexes: readonly (number | undefined)[],
  ): Promise<Managed> {
    const { job } = view
    const { expectations } = this.#deps
    expectations.expectCreations(key, indexes.length)
    const { succeeded, error } = await slowStart(indexes.length, async (i) => {
      const index = indexes[i]
      const replaced = index === undefined ? undefined : view.lastFailures.get(index)
      const template = jobPodTemplate(job, index, replaced)
      const prefix = index === undefined ? undefined : indexedPrefix(job.metadata.name, index)
      await this.#deps.podControl.create(job, template, prefix)
    })
    for (let i = succeeded; i < indexes.length; i++) expectations.creationObserved(key)
    const before = untouched(view)
    return {
      ...before,
      activeCount: before.activeCount + succeeded,
      ...(error !== undefined && !namespaceTerminates(error) && { error }),
    }
  }

  async delete(key: string, view: JobView, victims: readonly Pod[]): Promise<Managed> {
    const before = untouched(view)
    if (victims.length === 0) return before
    const { expectations } = this.#deps
    expectations.expectDeletions(key, victims.map(objectKey))
    const results = await Promise.allSettled(
      victims.map((pod) => this.#deps.podControl.delete(view.job, pod)),
    )
    let error: unknown
    const gone = victims.filter((pod, i) => {
      const result = results[i]!
      if (result.status === 'fulfilled') return true
      expectations.deletionObserved(key, objectKey(pod))
      if (!isNotFound(result.reason)) error ??= result.reason
      return isNotFound(result.reason)
    })
    return {
      activeCount: before.activeCount - gone.length,
      readyCount: before.readyCount - gone.filter(podReady).length,
      deletedCount: gone.length,
      ...(error !== undefined && { error }),
    }
  }

  /** Takes the finalizer off; pods that are gone need none of it. */
  async release(held: readonly Pod[]): Promise<void> {
    const patch = {
      metadata: { '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] },
    }
    const results = await Promise.allSettled(
      held.map(async ({ metadata }) => {
        const resource = this.#deps.client.resource(pods, metadata.namespace)
        await resource.patch(metadata.name, 'strategic', patch).catch((error: unknown) => {
          if (!isNotFound(error)) throw error
        })
        this.#released.add(metadata.uid)
      }),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }
}

/** The counts as the cache has them. */
export function untouched({ active }: JobView): Managed {
  return {
    activeCount: active.length,
    readyCount: active.filter(podReady).length,
    deletedCount: 0,
  }
}
