import {
  controllerOf,
  controllerRevisions,
  daemonSets,
  deepEqual,
  isNotFound,
  nodes,
  objectKey,
  pods,
  selectorOf,
} from '@kemu/api'
import type { ControllerRevision, DaemonSet, Node, Pod } from '@kemu/api'
import { Backoff } from '@kemu/base'
import type { Informer } from '@kemu/client'
import {
  Controller,
  DeletionExpectations,
  done,
  OneQueueController,
} from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { claim } from '../pods/claim.ts'
import { claimable, indexByController } from '../pods/owner-index.ts'
import { PodControl } from '../pods/pod-control.ts'
import { constructHistory, surplusRevisions } from '../pods/revision-history.ts'
import { ownerAmong } from '../pods/owner-among.ts'
import { slowStart } from '../pods/slow-start.ts'
import { whenNextAvailable } from '../pods/when-available.ts'
import { daemonTemplate, nodeFit, onNode, revisionHashLabel } from './daemon-pod.ts'
import { planDaemonStatus } from './daemon-status.ts'
import { planDaemonPods } from './plan-daemon-pods.ts'
import type { DaemonInput, DaemonPlan } from './plan-daemon-pods.ts'
import { planDaemonUpdate } from './plan-daemon-update.ts'

/** BurstReplicas of daemon sets. */
const burst = 250
/** How fast a failed daemon pod is replaced: 1 s doubling to 15 min for each set and node. */
const failedBackoff = { initialMs: 1_000, maxMs: 15 * 60_000 }

/** Keeps one pod of each DaemonSet on every node that it belongs to. */
export class DaemonSetController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #sets: Informer<DaemonSet>
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  readonly #revisions: Informer<ControllerRevision>
  readonly #podControl: PodControl
  readonly #expectations: DeletionExpectations
  protected readonly controller: Controller
  readonly #failed = new Map<string, { backoff: Backoff; untilMs: number }>()

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#sets = deps.informers.of(daemonSets)
    this.#pods = deps.informers.of(pods)
    this.#nodes = deps.informers.of(nodes)
    this.#revisions = deps.informers.of(controllerRevisions)
    this.#podControl = new PodControl(deps.client, deps.recorder)
    this.#expectations = new DeletionExpectations(deps.clock)
    this.controller = new Controller(
      {
        name: 'daemonset',
        sources: [this.#sets, this.#pods, this.#nodes, this.#revisions],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    indexByController(this.#pods)
    indexByController(this.#revisions)
    this.#listen()
  }

  #listen(): void {
    const enqueue = (set: DaemonSet): void => this.controller.enqueue(objectKey(set))
    this.controller.follow(this.#sets, { removals: true })
    this.#nodes.addHandler({
      add: (node) => this.#onNode(undefined, node),
      update: (old, node) => this.#onNode(old, node),
      remove: (node) => this.#onNode(node, undefined),
    })
    this.#pods.addHandler({
      add: (pod) => {
        const set = this.#ownerOf(pod)
        if (pod.metadata.deletionTimestamp !== undefined) return this.#onPodGone(pod)
        if (!set) return this.#enqueueAdopters(pod)
        this.#expectations.creationObserved(objectKey(set))
        enqueue(set)
      },
      update: (old, pod) => {
        if (pod.metadata.deletionTimestamp !== undefined) return this.#onPodGone(pod)
        for (const set of new Set([this.#ownerOf(old), this.#ownerOf(pod)])) if (set) enqueue(set)
        if (!controllerOf(pod.metadata)) this.#enqueueAdopters(pod)
      },
      remove: (pod) => this.#onPodGone(pod),
    })
  }

  #onNode(old: Node | undefined, node: Node | undefined): void {
    const same =
      old &&
      node &&
      deepEqual(old.metadata.labels, node.metadata.labels) &&
      deepEqual(old.spec?.taints, node.spec?.taints)
    if (same) return
    for (const set of this.#sets.lister.list()) {
      const before = old && nodeFit(set, old)
      const after = node && nodeFit(set, node)
      if (!deepEqual(before, after)) this.controller.enqueue(objectKey(set))
    }
  }

  #onPodGone(pod: Pod): void {
    const set = this.#ownerOf(pod)
    if (!set) return
    this.#expectations.deletionObserved(objectKey(set), objectKey(pod))
    this.controller.enqueue(objectKey(set))
  }

  #enqueueAdopters(pod: Pod): void {
    if (controllerOf(pod.metadata)) return
    for (const set of this.#sets.lister.inNamespace(pod.metadata.namespace ?? ''))
      if (selectorOf(set.spec.selector).matches(pod.metadata.labels))
        this.controller.enqueue(objectKey(set))
  }

  #ownerOf(object: Pod): DaemonSet | undefined {
    return ownerAmong(this.#sets.lister, 'DaemonSet', object)
  }

  async #reconcile(key: string): Promise<Result> {
    const set = this.#sets.lister.get(key)
    if (!set) {
      this.#expectations.forget(key)
      return done
    }
    if (selectorOf(set.spec.selector).empty) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
      this.#deps.recorder.record(set, 'Warning', 'SelectingAll', message)
      return done
    }
    if (set.metadata.deletionTimestamp !== undefined) return done
    const history = await constructHistory(
      this.#deps.client,
      set,
      await this.#ownRevisions(set),
      revisionHashLabel,
    )
    if ('kind' in history) return this.#countCollision(set)
    const { current, old } = history
    const hash = current.metadata.labels?.[revisionHashLabel] ?? current.metadata.name
    let failure: unknown
    if (this.#expectations.satisfied(key)) {
      failure = await this.#manage(key, set, hash)
      if (failure === undefined && this.#expectations.satisfied(key))
        failure = await this.#update(key, set, hash)
    }
    const input = await this.#input(set, hash)
    const live = new Set(input.pods.map(({ metadata }) => metadata.labels?.[revisionHashLabel]))
    const isLive = (revision: ControllerRevision): boolean =>
      live.has(revision.metadata.labels?.[revisionHashLabel])
    for (const { metadata } of surplusRevisions(set, old, isLive))
      await this.#revisionClient(set).delete(metadata.name).catch(ignoreNotFound)
    await this.#writeStatus(set, input)
    if (failure !== undefined) throw failure
    return whenNextAvailable(input.pods, set.spec.minReadySeconds, input.nowMs)
  }

  async #manage(key: string, set: DaemonSet, hash: string): Promise<unknown> {
    const plan = planDaemonPods(await this.#input(set, hash))
    for (const { pod, nodeName } of plan.ended) this.#tellEnded(set, pod, nodeName)
    return this.#apply(key, set, hash, plan)
  }

  async #update(key: string, set: DaemonSet, hash: string): Promise<unknown> {
    if (set.spec.updateStrategy?.type === 'OnDelete') return undefined
    return this.#apply(key, set, hash, planDaemonUpdate(await this.#input(set, hash)))
  }

  async #input(set: DaemonSet, hash: string): Promise<DaemonInput> {
    const { client, clock } = this.#deps
    const claimed = await claim(
      {
        client,
        type: pods,
        owner: set,
        selector: selectorOf(set.spec.selector),
        freshOwner: () =>
          client.resource(daemonSets, set.metadata.namespace).get(set.metadata.name),
      },
      claimable(this.#pods, set),
    )
    return {
      set,
      nodes: this.#nodes.lister.list(),
      pods: claimed,
      hash,
      nowMs: clock.now(),
      mayReplaceFailed: (nodeName) => this.#mayReplaceFailed(set, nodeName),
    }
  }

  #mayReplaceFailed(set: DaemonSet, nodeName: string): boolean {
    const { clock, random } = this.#deps
    const key = `${set.metadata.uid}/${nodeName}`
    const nowMs = clock.monotonicMs()
    const known = this.#failed.get(key)
    if (known && known.untilMs > nowMs) {
      this.controller.enqueueAfter(objectKey(set), known.untilMs - nowMs)
      return false
    }
    const backoff = known?.backoff ?? new Backoff(failedBackoff, random)
    this.#failed.set(key, { backoff, untilMs: nowMs + backoff.nextMs() })
    return true
  }

  #tellEnded(set: DaemonSet, pod: Pod, nodeName: string): void {
    const subject = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${nodeName}`
    if (pod.status?.phase === 'Failed')
      this.#deps.recorder.record(
        set,
        'Warning',
        'FailedDaemonPod',
        `Found failed ${subject}, will try to kill it`,
      )
    else
      this.#deps.recorder.record(
        set,
        'Normal',
        'SucceededDaemonPod',
        `Found succeeded ${subject}, will try to delete it`,
      )
  }

  /** Carries the plan out; gives the first error back, so that the status is written before it is thrown. */
  async #apply(key: string, set: DaemonSet, hash: string, plan: DaemonPlan): Promise<unknown> {
    const createOn = plan.createOn.slice(0, burst)
    const deletions = plan.deletions.slice(0, burst)
    if (createOn.length === 0 && deletions.length === 0) return undefined
    this.#expectations.expect(key, createOn.length, deletions.map(objectKey))
    const template = daemonTemplate(set, hash)
    const { succeeded, error } = await slowStart(createOn.length, async (i) => {
      await this.#podControl.create(set, onNode(template, createOn[i]!))
    })
    for (let i = succeeded; i < createOn.length; i++) this.#expectations.creationObserved(key)
    const results = await Promise.allSettled(
      deletions.map((pod) => this.#podControl.delete(set, pod)),
    )
    let failure = error
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue
      this.#expectations.deletionObserved(key, objectKey(deletions[i]!))
      if (!isNotFound(result.reason)) failure ??= result.reason
    }
    return failure
  }

  async #writeStatus(set: DaemonSet, input: DaemonInput): Promise<void> {
    const status = planDaemonStatus(input)
    if (deepEqual(status, set.status)) return
    const resource = this.#deps.client.resource(daemonSets, set.metadata.namespace)
    await resource.updateStatus({ ...set, status })
  }

  async #ownRevisions(set: DaemonSet): Promise<ControllerRevision[]> {
    const { client } = this.#deps
    return claim(
      {
        client,
        type: controllerRevisions,
        owner: set,
        selector: selectorOf(set.spec.selector),
        freshOwner: () =>
          client.resource(daemonSets, set.metadata.namespace).get(set.metadata.name),
      },
      claimable(this.#revisions, set),
    )
  }

  #revisionClient(set: DaemonSet) {
    return this.#deps.client.resource(controllerRevisions, set.metadata.namespace)
  }

  async #countCollision(set: DaemonSet): Promise<Result> {
    const status = { ...set.status, collisionCount: (set.status.collisionCount ?? 0) + 1 }
    const resource = this.#deps.client.resource(daemonSets, set.metadata.namespace)
    await resource.updateStatus({ ...set, status })
    return done
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
