import { controllerOf, deepEqual, formatTime, jobs, objectKey, pods, selectorOf } from '@kemu/api'
import type { Job, JobCondition, JobStatus, Pod } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, DeletionExpectations, done, requeueAfter } from '@kemu/controller-runtime'
import type { Result, Runnable } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { claim } from '../pods/claim.ts'
import { OwnWrites } from '../pods/own-writes.ts'
import { ownerAmong } from '../pods/owner-among.ts'
import { claimable, indexByController } from '../pods/owner-index.ts'
import { PodControl } from '../pods/pod-control.ts'
import { noFailures, recordEnds } from './failure-backoff.ts'
import type { FailureRecord } from './failure-backoff.ts'
import { isTracked, trackingFinalizer } from './finished-pod.ts'
import { isJobFinished, jobCondition, withJobCondition } from './job-conditions.ts'
import { JobPods, untouched } from './job-pods.ts'
import type { Managed } from './job-pods.ts'
import { deadlineInMs, earlyEnd, workIsDone } from './job-verdict.ts'
import { observeJob } from './observe-job.ts'
import type { JobView } from './observe-job.ts'
import { planJobPods } from './plan-job-pods.ts'
import { finish, settleCounts, trackEnds } from './track-pods.ts'

const ownName = 'kubernetes.io/job-controller'

/** Runs pods until enough of them have succeeded. */
export class JobController implements Runnable {
  readonly #deps: ControllerDeps
  readonly #jobs: Informer<Job>
  readonly #pods: Informer<Pod>
  readonly #jobPods: JobPods
  readonly #expectations: DeletionExpectations
  readonly #controller: Controller
  readonly #orphans: Controller
  readonly #failures = new Map<string, FailureRecord>()
  readonly #written = new OwnWrites<Job>()

  constructor(deps: ControllerDeps) {
    this.#deps = deps
    this.#jobs = deps.informers.of(jobs)
    this.#pods = deps.informers.of(pods)
    this.#expectations = new DeletionExpectations(deps.clock)
    this.#jobPods = new JobPods({
      client: deps.client,
      podControl: new PodControl(deps.client, deps.recorder),
      expectations: this.#expectations,
    })
    const sources = [this.#jobs, this.#pods]
    this.#controller = new Controller(
      { name: 'job', sources, ...workersOf(deps), reconcile: (key) => this.#reconcile(key) },
      deps,
    )
    this.#orphans = new Controller(
      { name: 'job_orphan_pod', sources, workers: 1, reconcile: (key) => this.#letGo(key) },
      deps,
    )
    indexByController(this.#pods)
    this.#listen()
  }

  async start(): Promise<void> {
    await Promise.all([this.#controller.start(), this.#orphans.start()])
  }

  async close(): Promise<void> {
    await Promise.all([this.#controller.close(), this.#orphans.close()])
  }

  #listen(): void {
    const enqueue = (job: Job): void => this.#controller.enqueue(objectKey(job))
    this.#jobs.addHandler({
      add: enqueue,
      update: (_, job) => enqueue(job),
      remove: (job) => {
        enqueue(job)
        for (const pod of claimable(this.#pods, job)) this.#enqueueOrphan(pod)
      },
    })
    this.#pods.addHandler({
      add: (pod) => {
        const job = this.#ownerOf(pod)
        if (job) this.#expectations.creationObserved(objectKey(job))
        this.#onPod(pod, job)
      },
      update: (old, pod) => {
        const before = this.#ownerOf(old)
        if (before && before !== this.#ownerOf(pod)) enqueue(before)
        this.#jobPods.observed(pod)
        this.#onPod(pod, this.#ownerOf(pod))
      },
      remove: (pod) => {
        this.#jobPods.forget(pod)
        this.#onPod(pod, this.#ownerOf(pod))
      },
    })
  }

  #onPod(pod: Pod, job: Job | undefined): void {
    if (!job) {
      this.#enqueueOrphan(pod)
      return this.#enqueueAdopters(pod)
    }
    const key = objectKey(job)
    const isGone =
      pod.metadata.deletionTimestamp !== undefined || !this.#pods.lister.get(objectKey(pod))
    if (isGone) this.#expectations.deletionObserved(key, objectKey(pod))
    this.#controller.enqueue(key)
  }

  #enqueueOrphan(pod: Pod): void {
    if (isTracked(pod)) this.#orphans.enqueue(objectKey(pod))
  }

  #enqueueAdopters(pod: Pod): void {
    if (controllerOf(pod.metadata)) return
    for (const job of this.#jobs.lister.inNamespace(pod.metadata.namespace ?? '')) {
      const selector = selectorOf(job.spec.selector)
      if (!selector.empty && selector.matches(pod.metadata.labels))
        this.#controller.enqueue(objectKey(job))
    }
  }

  #ownerOf(object: Pod): Job | undefined {
    return ownerAmong(this.#jobs.lister, 'Job', object)
  }

  /** A pod whose job is gone must not be held by it (syncOrphanPod). */
  async #letGo(key: string): Promise<Result> {
    const pod = this.#pods.lister.get(key)
    if (!pod || !isTracked(pod) || this.#jobPods.released.has(pod.metadata.uid)) return done
    const job = this.#ownerOf(pod)
    if (job && !isJobFinished(job)) return done
    await this.#jobPods.release([pod])
    return done
  }

  async #reconcile(key: string): Promise<Result> {
    const job = this.#written.newest(key, this.#jobs.lister.get(key))
    if (!job || isJobFinished(job)) {
      this.#failures.delete(key)
      if (!job) this.#expectations.forget(key)
      return done
    }
    if (job.spec.managedBy !== undefined && job.spec.managedBy !== ownName) return done
    const mayAct = this.#expectations.satisfied(key)
    const { clock } = this.#deps
    const nowMs = clock.now()
    const view = observeJob({ job, pods: await this.#claim(job), released: this.#jobPods.released })
    const failures = recordEnds(
      this.#failures.get(key) ?? noFailures,
      view.newlySucceeded,
      view.newlyFailed,
    )
    let end = earlyEnd(view, nowMs)
    const goesOn = !end
    const mayManage = goesOn && mayAct && job.metadata.deletionTimestamp === undefined
    let managed: Managed
    if (end) {
      managed = await this.#jobPods.delete(key, view, view.active)
      // Not at its end while pods may be left that the cache does not show.
      if (managed.activeCount > 0 || !mayAct) end = undefined
    } else if (mayManage) managed = await this.#manage(key, view, failures, nowMs)
    else managed = untouched(view)
    if (goesOn && workIsDone(view, managed.activeCount))
      end = jobCondition(
        'SuccessCriteriaMet',
        'True',
        { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' },
        nowMs,
      )
    const status = this.#nextStatus(view, managed, mayManage && !end, nowMs)
    await this.#track({ key, view, failures, nowMs, status, end, managed })
    if (managed.error !== undefined) throw managed.error
    const waits = [managed.waitMs, deadlineInMs({ ...job, status }, nowMs)]
    const ms = Math.min(...waits.filter((wait) => wait !== undefined))
    // A job that ends is looked at again when its pods change.
    return goesOn && Number.isFinite(ms) ? requeueAfter(ms) : done
  }

  #claim(job: Job): Promise<Pod[]> {
    const { client } = this.#deps
    const { name, namespace } = job.metadata
    return claim(
      {
        client,
        type: pods,
        owner: job,
        selector: selectorOf(job.spec.selector),
        finalizer: trackingFinalizer,
        freshOwner: () => client.resource(jobs, namespace).get(name),
      },
      claimable(this.#pods, job),
    )
  }

  #manage(key: string, view: JobView, failures: FailureRecord, nowMs: number): Promise<Managed> {
    const plan = planJobPods(view, failures, nowMs)
    switch (plan.kind) {
      case 'enough':
        return Promise.resolve(untouched(view))
      case 'wait':
        return Promise.resolve({ ...untouched(view), waitMs: plan.ms })
      case 'delete':
        return this.#jobPods.delete(key, view, plan.pods)
      case 'create':
        return this.#jobPods.create(key, view, plan.indexes)
    }
  }

  #nextStatus(view: JobView, managed: Managed, mayJudge: boolean, nowMs: number): JobStatus {
    const { job, terminatingCount } = view
    const isSuspended = job.spec.suspend === true
    const startTime = job.status.startTime ?? (isSuspended ? undefined : formatTime(nowMs))
    const status: JobStatus = {
      ...job.status,
      ...(startTime !== undefined && { startTime }),
      ...(managed.activeCount > 0 && { active: managed.activeCount }),
      ready: managed.readyCount,
      terminating: terminatingCount + managed.deletedCount,
    }
    if (managed.activeCount === 0) delete status.active
    return mayJudge ? this.#withSuspension(job, status, isSuspended, nowMs) : status
  }

  #withSuspension(job: Job, status: JobStatus, isSuspended: boolean, nowMs: number): JobStatus {
    const before = status.conditions ?? []
    const reason = isSuspended ? 'JobSuspended' : 'JobResumed'
    const message = isSuspended ? 'Job suspended' : 'Job resumed'
    const next = jobCondition(
      'Suspended',
      isSuspended ? 'True' : 'False',
      { reason, message },
      nowMs,
    )
    const conditions = withJobCondition(before, next)
    if (conditions === before) return status
    this.#deps.recorder.record(job, 'Normal', isSuspended ? 'Suspended' : 'Resumed', message)
    const { startTime: _, ...others } = status
    const changed = { ...others, conditions: [...conditions] }
    // The deadline counts from the resumption; a suspended job has not started.
    return isSuspended ? changed : { ...changed, startTime: formatTime(nowMs) }
  }

  /** Counts ended pods, lets them go, and writes the job's end when there is one. */
  async #track(pass: {
    readonly key: string
    readonly view: JobView
    readonly failures: FailureRecord
    readonly nowMs: number
    readonly status: JobStatus
    readonly end: JobCondition | undefined
    readonly managed: Managed
  }): Promise<void> {
    const { key, view, nowMs, end } = pass
    const ends = trackEnds(view, pass.status, end)
    const conditions = ends.status.conditions ?? []
    const first = {
      ...ends.status,
      ...(end && { conditions: [...withEnd(conditions, end)] }),
    }
    let job = await this.#write(key, view.job, first)
    this.#failures.set(key, pass.failures)
    const error = await this.#jobPods.release(ends.release).catch((reason: unknown) => reason)
    let last = settleCounts(view, job.status)
    const finished =
      end && ends.isComplete ? finish(last, end, last.terminating ?? 0, nowMs) : undefined
    last = finished ?? last
    job = await this.#write(key, job, last)
    if (finished) this.#tellEnd(job)
    if (error !== undefined) throw error
  }

  #tellEnd(job: Job): void {
    const { recorder } = this.#deps
    const { completions } = job.spec
    const failed = job.status.conditions?.find(({ type }) => type === 'Failed')
    if (failed) {
      recorder.record(job, 'Warning', failed.reason ?? '', failed.message ?? '')
      return
    }
    if (completions !== undefined && (job.status.succeeded ?? 0) > completions) {
      const message = 'Too many succeeded pods running after completion count reached'
      recorder.record(job, 'Warning', 'TooManySucceededPods', message)
    }
    recorder.record(job, 'Normal', 'Completed', 'Job completed')
  }

  async #write(key: string, job: Job, status: JobStatus): Promise<Job> {
    if (deepEqual(status, job.status)) return job
    const resource = this.#deps.client.resource(jobs, job.metadata.namespace)
    const written = await resource.updateStatus({ ...job, status })
    this.#written.set(key, written)
    return written
  }
}

/** A Failure or success that an earlier pass wrote stays as it is. */
function withEnd(conditions: readonly JobCondition[], end: JobCondition): readonly JobCondition[] {
  return conditions.some(({ type, status }) => type === end.type && status === 'True')
    ? conditions
    : withJobCondition(conditions, end)
}
