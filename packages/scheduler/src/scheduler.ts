import { formatTime, isNotFound, isPodTerminal, pods } from '@kemu/api'
import type {
  KubeObject,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
} from '@kemu/api'
import { AssertionError } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { ActionEventRecorder, Client, Informer } from '@kemu/client'
import { SchedulerCache } from './cache/cache.ts'
import { PodInfo } from './cache/pod-info.ts'
import {
  added,
  deleted,
  namespaceChange,
  nodeChange,
  podChange,
  updated,
} from './cluster-changes.ts'
import { findNode } from './find-node.ts'
import { fitMessage, rejectingPlugins } from './framework/fit-error.ts'
import type { Diagnosis } from './framework/fit-error.ts'
import type { PreemptionPlan } from './framework/interface.ts'
import { runPostFilters } from './framework/post-filters.ts'
import type { Profile } from './framework/profile.ts'
import { Nominator } from './nominator.ts'
import type { SchedulerMetrics, SchedulerSizes } from './metrics.ts'
import { writePodUnschedulable } from './pod-condition.ts'
import { nominate, preempt } from './preemption.ts'
import type { EventResource } from './queue/requeue-events.ts'
import { SchedulingQueue } from './queue/scheduling-queue.ts'
import type { QueuedPod, SchedulingQueueConfig } from './queue/scheduling-queue.ts'

export interface SchedulerConfig extends SchedulingQueueConfig {
  readonly percentageOfNodesToScore: number
}

export interface SchedulerDeps {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly recorder: ActionEventRecorder
  readonly metrics: SchedulerMetrics
  readonly pods: Informer<Pod>
  readonly nodes: Informer<Node>
  readonly namespaces: Informer<Namespace>
  readonly claims: Informer<PersistentVolumeClaim>
  readonly storageClasses: Informer<StorageClass>
  readonly profiles: readonly Profile[]
}

/** Turns of the loop before others (watch events, answers) get theirs. */
const cyclesBeforeYield = 16

/**
 * One pod after another: take it from the queue, decide on the snapshot of the moment, assume the decision, and bind
 * without waiting. Informers feed cache and queue; nothing is asked for on a timer.
 */
export class Scheduler {
  readonly #config: SchedulerConfig
  readonly #deps: SchedulerDeps
  readonly #profiles: ReadonlyMap<string, Profile>
  readonly #cache = new SchedulerCache()
  readonly #queue: SchedulingQueue
  readonly #nominator = new Nominator()
  #startAt = 0
  #running = false
  #scheduled = false
  readonly #binding = new Set<Promise<void>>()

  constructor(config: SchedulerConfig, deps: SchedulerDeps) {
    this.#config = config
    this.#deps = deps
    this.#profiles = new Map(deps.profiles.map((profile) => [profile.schedulerName, profile]))
    const [first] = deps.profiles
    this.#queue = new SchedulingQueue(config, {
      clock: deps.clock,
      compare: (a, b) => first!.queueSort.compare(a, b),
      preEnqueue: first!.preEnqueue,
      eventsOf: new Map(
        deps.profiles.flatMap(({ filters }) =>
          filters.flatMap(({ name, events }) => (events ? [[name, events] as const] : [])),
        ),
      ),
      onReady: () => this.#wake(),
    })
    this.#listen()
  }

  /** Sizes of the queue's rooms and of the cache, for metrics. */
  get sizes(): SchedulerSizes {
    const { podCount, nodeCount, assumedCount } = this.#cache
    return { ...this.#queue.sizes, podCount, nodeCount, assumedCount }
  }

  /** Starts to schedule; the informers must have synced. */
  start(): void {
    this.#running = true
    this.#wake()
  }

  /** Takes no more pods; resolves when the bindings on their way have ended. */
  async close(): Promise<void> {
    this.#running = false
    this.#queue.close()
    await Promise.all(this.#binding)
  }

  #listen(): void {
    const { nodes: nodeInformer, pods: podInformer } = this.#deps
    nodeInformer.addHandler({
      add: (node) => {
        this.#cache.setNode(node)
        this.#queue.moveOn(added('Node', node))
      },
      update: (old, node) => {
        this.#cache.setNode(node)
        const change = nodeChange(old, node)
        if (change) this.#queue.moveOn(change)
      },
      remove: (node) => this.#cache.removeNode(node.metadata.name),
    })
    this.#deps.namespaces.addHandler({
      add: (namespace) => this.#queue.moveOn(added('Namespace', namespace)),
      update: (old, namespace) => {
        const change = namespaceChange(old, namespace)
        if (change) this.#queue.moveOn(change)
      },
    })
    this.#requeueOn('PersistentVolumeClaim', this.#deps.claims)
    this.#requeueOn('StorageClass', this.#deps.storageClasses)
    podInformer.addHandler({
      add: (pod) => this.#onPod(undefined, pod),
      update: (old, pod) => this.#onPod(old, pod),
      remove: (pod) => this.#onPodGone(pod),
    })
  }

  /** Objects that the cache does not keep: any change of one may let a pod in. */
  #requeueOn<T extends KubeObject>(resource: EventResource, informer: Informer<T>): void {
    informer.addHandler({
      add: (object) => this.#queue.moveOn(added(resource, object)),
      update: (old, object) => this.#queue.moveOn(updated(resource, old, object)),
    })
  }

  #onPod(old: Pod | undefined, pod: Pod): void {
    const { uid } = pod.metadata
    if (isPodTerminal(pod)) return this.#onPodGone(pod)
    const nodeName = pod.spec.nodeName
    if (!nodeName) return this.#onPending(old, pod)
    this.#queue.delete(uid)
    this.#nominator.delete(uid)
    this.#cache.setPod(new PodInfo(pod), nodeName)
    const wasAssigned = old?.spec.nodeName !== undefined && old.spec.nodeName !== ''
    const change = wasAssigned ? podChange('AssignedPod', old, pod) : added('AssignedPod', pod)
    if (change) this.#queue.moveOn(change)
  }

  #onPending(old: Pod | undefined, pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata
    if (!this.#profiles.has(pod.spec.schedulerName ?? 'default-scheduler')) return
    if (this.#cache.isAssumed(uid)) return
    if (deletionTimestamp !== undefined) {
      this.#nominator.delete(uid)
      return this.#queue.delete(uid)
    }
    const nominated = pod.status?.nominatedNodeName
    if (nominated && !old) this.#nominator.set(new PodInfo(pod), nominated)
    if (this.#queue.has(uid)) this.#queue.update(pod, old && podChange('UnscheduledPod', old, pod))
    else this.#queue.add(pod)
  }

  #onPodGone(pod: Pod): void {
    const { uid } = pod.metadata
    this.#queue.delete(uid)
    this.#nominator.delete(uid)
    const wasPlaced = this.#cache.nodeOf(uid) !== undefined
    this.#cache.removePod(uid)
    if (wasPlaced) this.#queue.moveOn(deleted('AssignedPod', pod))
  }

  #wake(): void {
    if (!this.#running || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    for (let cycles = 0; this.#running && cycles < cyclesBeforeYield; cycles++) {
      const next = this.#queue.pop()
      if (!next) return
      this.#scheduleOne(next)
    }
    this.#wake()
  }

  #scheduleOne(queued: QueuedPod): void {
    const { clock, random, metrics, pods: informer } = this.#deps
    const { info } = queued
    const current = informer.lister.get(info.key)
    if (current?.metadata.uid !== info.uid || current.metadata.deletionTimestamp) return
    const profile = this.#profiles.get(info.pod.spec.schedulerName ?? 'default-scheduler')!
    const startedAtMs = clock.monotonicMs()
    const decision = findNode(profile, info, this.#cache.snapshot(), {
      startAt: this.#startAt,
      percentageOfNodesToScore: this.#config.percentageOfNodesToScore,
      random,
      nominator: this.#nominator,
    })
    metrics.cycleTook(clock.monotonicMs() - startedAtMs)
    if (decision.kind === 'noFit') return this.#reject(queued, profile, decision.diagnosis)
    this.#startAt = decision.nextStart
    this.#cache.assume(info, decision.nodeName)
    this.#nominator.delete(info.uid)
    const done = this.#bind(queued, profile, decision.nodeName, startedAtMs)
    this.#binding.add(done)
    void done.finally(() => this.#binding.delete(done))
  }

  async #bind(
    queued: QueuedPod,
    profile: Profile,
    nodeName: string,
    startedAtMs: number,
  ): Promise<void> {
    const { clock, logger, recorder, metrics } = this.#deps
    const { info } = queued
    try {
      await profile.bind.bind(info, nodeName)
    } catch (error) {
      if (error instanceof AssertionError) throw error
      return this.#bindFailed(queued, nodeName, error as Error)
    }
    const { namespace, name } = info.pod.metadata
    logger.info('Bound pod', { pod: info.key, node: nodeName, attempts: queued.attempts })
    metrics.scheduled(
      clock.monotonicMs() - startedAtMs,
      clock.monotonicMs() - queued.firstAtMs,
      queued.attempts,
    )
    recorder.record({
      regarding: info.pod,
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      note: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
    })
  }

  #bindFailed(queued: QueuedPod, nodeName: string, error: Error): void {
    const { logger, metrics } = this.#deps
    const { info } = queued
    this.#cache.forget(info.uid)
    // The room that the decision took is free again: others may use it.
    this.#queue.moveOn(deleted('AssignedPod', info.pod))
    // Bound after all, or gone: nothing is left to do, and nobody needs to hear of it.
    const current = this.#deps.pods.lister.get(info.key)
    if (current?.metadata.uid !== info.uid || current.spec.nodeName) return
    metrics.failed('error')
    logger.warn('Bind failed', { pod: info.key, node: nodeName, err: error })
    this.#tellFailure(info.pod, `binding rejected: ${error.message}`)
    queued.info = new PodInfo(current)
    this.#queue.returnFailed(queued)
  }

  #tellFailure(regarding: Pod, note: string): void {
    const reason = 'FailedScheduling'
    const action = 'Scheduling'
    this.#deps.recorder.record({ regarding, type: 'Warning', reason, action, note })
  }

  #reject(queued: QueuedPod, profile: Profile, diagnosis: Diagnosis): void {
    const { metrics, pods: informer } = this.#deps
    const { info } = queued
    const outcome = runPostFilters(profile, info, this.#cache.snapshot(), diagnosis)
    const message = fitMessage(diagnosis, outcome?.message)
    metrics.failed('unschedulable')
    const current = informer.lister.get(info.key) ?? info.pod
    queued.info = new PodInfo(current)
    this.#queue.returnUnschedulable(queued, rejectingPlugins(diagnosis))
    this.#tellFailure(current, message)
    const { plan, clearNomination } = outcome ?? {}
    if (plan) this.#nominator.set(queued.info, plan.nodeName)
    else if (clearNomination) this.#nominator.delete(info.uid)
    this.#follow(current, this.#tellPod(current, message, plan?.nodeName, clearNomination))
    if (plan) this.#preempt(queued.info, plan)
  }

  #preempt(pod: PodInfo, plan: PreemptionPlan): void {
    const displaced = this.#nominator.lesser(plan.nodeName, pod)
    for (const lesser of displaced) this.#nominator.delete(lesser.uid)
    this.#deps.logger.info('Preempting', {
      pod: pod.key,
      node: plan.nodeName,
      victims: plan.victims.map((victim) => victim.key),
    })
    this.#follow(pod.pod, preempt(this.#deps, pod, { ...plan, displaced }))
  }

  async #tellPod(
    pod: Pod,
    message: string,
    nodeName: string | undefined,
    clear: boolean | undefined,
  ): Promise<void> {
    const { client, clock } = this.#deps
    const resource = client.resource(pods, pod.metadata.namespace ?? '')
    await writePodUnschedulable(resource, pod, message, formatTime(clock.now()))
    if (nodeName !== undefined || clear) await nominate(client, pod, nodeName)
  }

  /** Lets a write go its way; what it fails with is only logged, for the next attempt writes again. */
  #follow(pod: Pod, write: Promise<void>): void {
    write.catch((error: unknown) => {
      if (isNotFound(error)) return
      const fields = { pod: pod.metadata.name, err: error as Error }
      this.#deps.logger.warn('Could not write what was decided for the pod', fields)
    })
  }
}
