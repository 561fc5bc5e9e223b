import {
  controllerOf,
  controllerReference,
  cronJobs,
  deepEqual,
  formatTime,
  isAlreadyExists,
  isNotFound,
  jobs,
  objectKey,
  parseTime,
} from '@kemu/api'
import type { CronJob, Draft, Job, ObjectReference } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { isJobFinished, trueCondition } from '../job/job-conditions.ts'
import { OwnWrites } from '../pods/own-writes.ts'
import { controlled, indexByController } from '../pods/owner-index.ts'
import { parseSchedule } from './cron-schedule.ts'
import { dueTime } from './due-time.ts'
import { LocalTime } from './local-time.ts'

const timestampAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** Starts Jobs by the clock, and clears away old ones. */
export class CronJobController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #cronJobs: Informer<CronJob>
  readonly #jobs: Informer<Job>
  protected readonly controller: Controller
  readonly #written = new OwnWrites<CronJob>()

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#cronJobs = deps.informers.of(cronJobs)
    this.#jobs = deps.informers.of(jobs)
    this.controller = new Controller(
      {
        name: 'cronjob',
        sources: [this.#cronJobs, this.#jobs],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    indexByController(this.#jobs)
    const enqueue = (cronJob: CronJob): void => this.controller.enqueue(objectKey(cronJob))
    this.controller.follow(this.#cronJobs)
    const onJob = ({ metadata }: Job): void => {
      const owner = controllerOf(metadata)
      if (owner?.kind !== 'CronJob') return
      const cronJob = this.#cronJobs.lister.get(`${metadata.namespace ?? ''}/${owner.name}`)
      if (cronJob?.metadata.uid === owner.uid) enqueue(cronJob)
    }
    this.#jobs.addHandler({ add: onJob, update: (_, job) => onJob(job), remove: onJob })
  }

  async #reconcile(key: string): Promise<Result> {
    const cached = this.#written.newest(key, this.#cronJobs.lister.get(key))
    if (!cached) return done
    const own = controlled(this.#jobs, cached.metadata.uid)
    const cronJob = await this.#upToDate(cached, own)
    await this.#trimHistory(cronJob, own)
    const status = await this.#observe(cronJob, own)
    const pass = { cronJob, status, own }
    const isIdle = cronJob.metadata.deletionTimestamp !== undefined || cronJob.spec.suspend === true
    const nextInMs = isIdle ? undefined : await this.#startDue(pass)
    if (!deepEqual(pass.status, cronJob.status)) {
      const resource = this.#deps.client.resource(cronJobs, cronJob.metadata.namespace)
      this.#written.set(key, await resource.updateStatus({ ...cronJob, status: pass.status }))
    }
    return nextInMs === undefined ? done : requeueAfter(nextInMs)
  }

  /** The status after what has become of the jobs. */
  async #observe(cronJob: CronJob, own: readonly Job[]): Promise<CronJob['status']> {
    const { recorder, client } = this.#deps
    let active = [...(cronJob.status.active ?? [])]
    let { lastSuccessfulTime } = cronJob.status
    for (const job of own) {
      const { name, uid } = job.metadata
      const isKnown = active.some((reference) => reference.uid === uid)
      if (!isJobFinished(job)) {
        if (isKnown) continue
        const text = `Saw a job that the controller did not create or forgot: ${name}`
        recorder.record(cronJob, 'Warning', 'UnexpectedJob', text)
        continue
      }
      const completedAt = trueCondition(job, 'Complete') ? job.status.completionTime : undefined
      if (isKnown) {
        active = active.filter((reference) => reference.uid !== uid)
        const end = trueCondition(job, 'Complete') ? 'Complete' : 'Failed'
        const text = `Saw completed job: ${name}, condition: ${end}`
        recorder.record(cronJob, 'Normal', 'SawCompletedJob', text)
      }
      if (
        completedAt !== undefined &&
        !(parseTime(completedAt) <= parseTime(lastSuccessfulTime ?? ''))
      )
        lastSuccessfulTime = completedAt
    }
    for (const { name = '', namespace, uid } of active) {
      if (own.some(({ metadata }) => metadata.uid === uid)) continue
      const found = await client.resource(jobs, namespace).get(name).catch(ignoreNotFound)
      if (found) continue
      active = active.filter((reference) => reference.uid !== uid)
      recorder.record(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${name}`)
    }
    const { active: _, ...others } = cronJob.status
    return {
      ...others,
      ...(active.length > 0 && { active }),
      ...(lastSuccessfulTime !== undefined && { lastSuccessfulTime }),
    }
  }

  /** A running job that the cached status does not know was probably started a moment ago: the stored one decides. */
  #upToDate(cached: CronJob, own: readonly Job[]): Promise<CronJob> | CronJob {
    const known = new Set((cached.status.active ?? []).map(({ uid }) => uid))
    if (own.every((job) => isJobFinished(job) || known.has(job.metadata.uid))) return cached
    const { name, namespace } = cached.metadata
    return this.#deps.client.resource(cronJobs, namespace).get(name)
  }

  /** Starts what is due; gives when to look again. */
  async #startDue(pass: {
    readonly cronJob: CronJob
    status: CronJob['status']
  }): Promise<number | undefined> {
    const { cronJob } = pass
    const { recorder, clock } = this.#deps
    const { schedule: text, timeZone, startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec
    if (text.includes('TZ')) {
      const where = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/'
      const words = `CRON_TZ or TZ used in schedule "${text}" is not officially supported, see ${where} for more details`
      recorder.record(cronJob, 'Warning', 'UnsupportedSchedule', words)
    }
    const nowMs = clock.now()
    const { dueMs, missedMany, nextInMs } = dueTime(cronJob, parseSchedule(text, timeZone), nowMs)
    if (missedMany) {
      const words =
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
      recorder.record(cronJob, 'Warning', 'TooManyMissedTimes', words)
    }
    if (dueMs === undefined) return nextInMs
    if (startingDeadlineSeconds !== undefined && dueMs + startingDeadlineSeconds * 1000 < nowMs) {
      const when = new Date(dueMs).toUTCString().replace('GMT', 'UTC')
      const words = `Missed scheduled time to start a job: ${when}`
      recorder.record(cronJob, 'Warning', 'MissSchedule', words)
      return nextInMs
    }
    const name = `${cronJob.metadata.name}-${Math.floor(dueMs / 60_000)}`
    const active = pass.status.active ?? []
    const isDone = parseTime(pass.status.lastScheduleTime ?? '') === dueMs
    if (isDone || active.some((reference) => reference.name === name)) return nextInMs
    if (concurrencyPolicy === 'Forbid' && active.length > 0) {
      const words =
        'Not starting job because prior execution is running and concurrency policy is Forbid'
      recorder.record(cronJob, 'Normal', 'JobAlreadyActive', words)
      return nextInMs
    }
    const isReplacing = concurrencyPolicy === 'Replace'
    if (isReplacing)
      for (const reference of active) await this.#delete(cronJob, reference.name ?? '')
    const started = await this.#create(cronJob, name, dueMs)
    if (!started) return nextInMs
    pass.status = {
      ...pass.status,
      active: [...(isReplacing ? [] : active), started],
      lastScheduleTime: formatTime(dueMs),
    }
    return nextInMs
  }

  /** undefined: a job of that name is there, and it is none of ours. */
  async #create(
    cronJob: CronJob,
    name: string,
    dueMs: number,
  ): Promise<ObjectReference | undefined> {
    const { client, recorder } = this.#deps
    const resource = client.resource(jobs, cronJob.metadata.namespace)
    let job: Job
    try {
      job = await resource.create(jobOf(cronJob, name, dueMs))
      recorder.record(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`)
    } catch (error) {
      if (!isAlreadyExists(error)) {
        const words = `Error creating job: ${(error as Error).message}`
        recorder.record(cronJob, 'Warning', 'FailedCreate', words)
        throw error
      }
      job = await resource.get(name)
      if (controllerOf(job.metadata)?.uid !== cronJob.metadata.uid) return undefined
    }
    const { namespace = '', uid, resourceVersion } = job.metadata
    return { apiVersion: 'batch/v1', kind: 'Job', name, namespace, resourceVersion, uid }
  }

  async #delete(cronJob: CronJob, name: string): Promise<void> {
    const { client, recorder } = this.#deps
    try {
      const options = { propagationPolicy: 'Background' } as const
      await client.resource(jobs, cronJob.metadata.namespace).delete(name, options)
      recorder.record(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
    } catch (error) {
      recorder.record(
        cronJob,
        'Warning',
        'FailedDelete',
        `Deleted job: ${(error as Error).message}`,
      )
      if (!isNotFound(error)) throw error
    }
  }

  async #trimHistory(cronJob: CronJob, own: readonly Job[]): Promise<void> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec
    const startedAt = ({ status }: Job): number => parseTime(status.startTime ?? '') || Infinity
    for (const [end, limit] of [
      ['Complete', successfulJobsHistoryLimit],
      ['Failed', failedJobsHistoryLimit],
    ] as const) {
      if (limit === undefined) continue
      const ended = own
        .filter((job) => trueCondition(job, end) && job.metadata.deletionTimestamp === undefined)
        .sort((a, b) => startedAt(a) - startedAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
      for (const { metadata } of ended.slice(0, Math.max(0, ended.length - limit)))
        await this.#delete(cronJob, metadata.name)
    }
  }
}

function jobOf(cronJob: CronJob, name: string, dueMs: number): Draft<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate
  const at = new LocalTime(cronJob.spec.timeZone).format(dueMs)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: cronJob.metadata.namespace ?? '',
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [timestampAnnotation]: at },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: spec!,
    status: {},
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
  return undefined
}
