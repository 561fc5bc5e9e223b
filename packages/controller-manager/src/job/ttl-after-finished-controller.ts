import { isConflict, isNotFound, jobs, objectKey, parseTime } from '@kemu/api'
import type { Job } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { trueCondition } from './job-conditions.ts'

/** Deletes finished Jobs with ttlSecondsAfterFinished, and their pods with them (KEP-592). */
export class TtlAfterFinishedController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #jobs: Informer<Job>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#jobs = deps.informers.of(jobs)
    this.controller = new Controller(
      {
        name: 'ttl_jobs_to_delete',
        sources: [this.#jobs],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    const enqueue = (job: Job): void => {
      if (expiresAtMs(job) !== undefined) this.controller.enqueue(objectKey(job))
    }
    this.#jobs.addHandler({ add: enqueue, update: (_, job) => enqueue(job) })
  }

  async #reconcile(key: string): Promise<Result> {
    const cached = this.#jobs.lister.get(key)
    const nowMs = this.#deps.clock.now()
    if (!cached) return done
    const leftMs = leftOf(cached, nowMs)
    if (leftMs === undefined) return done
    if (leftMs > 0) return requeueAfter(leftMs)
    const { name, namespace, uid } = cached.metadata
    const resource = this.#deps.client.resource(jobs, namespace)
    try {
      // The time may have been set anew, and then the job's own event comes.
      if (leftOf(await resource.get(name), nowMs) !== 0) return done
      const options = { propagationPolicy: 'Foreground', preconditions: { uid } } as const
      await resource.delete(name, options)
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return done
  }
}

function leftOf(job: Job, nowMs: number): number | undefined {
  const atMs = expiresAtMs(job)
  return atMs === undefined ? undefined : Math.max(0, atMs - nowMs)
}

/** undefined while it runs, and for jobs that stay. */
function expiresAtMs(job: Job): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec
  const end = trueCondition(job, 'Complete') ?? trueCondition(job, 'Failed')
  if (ttlSecondsAfterFinished === undefined || !end || job.metadata.deletionTimestamp !== undefined)
    return undefined
  return parseTime(end.lastTransitionTime ?? '') + ttlSecondsAfterFinished * 1000
}
