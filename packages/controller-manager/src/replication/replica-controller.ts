import { controllerOf, isPodTerminal, objectKey, pods, splitKey } from '@kemu/api'
import type { KubeObject, Pod } from '@kemu/api'
import type { Informer } from '@kemu/client'
import {
  Controller,
  DeletionExpectations,
  done,
  namespaceTerminates,
  OneQueueController,
  podActive,
  requeueAfter,
} from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { claim } from '../pods/claim.ts'
import { choosePodsToDelete } from '../pods/deletion-order.ts'
import { ownerAmong } from '../pods/owner-among.ts'
import { claimable, controlled, indexByController } from '../pods/owner-index.ts'
import { PodControl } from '../pods/pod-control.ts'
import { slowStart } from '../pods/slow-start.ts'
import type { ReplicaKind, ReplicaOwner } from './replica-owner.ts'
import { planStatus } from './replica-status.ts'
import type { ReplicaObservation } from './replica-status.ts'

/** BurstReplicas: how many pods one pass creates or deletes at most. */
const burst = 500

type Failure = NonNullable<ReplicaObservation['failure']>

/** Keeps as many pods as the object says: ReplicaSets and ReplicationControllers. */
export class ReplicaController<T extends ReplicaOwner> extends OneQueueController {
  readonly #kind: ReplicaKind<T>
  readonly #deps: ControllerDeps
  readonly #owners: Informer<T>
  readonly #pods: Informer<Pod>
  readonly #podControl: PodControl
  readonly #expectations: DeletionExpectations
  protected readonly controller: Controller

  constructor(kind: ReplicaKind<T>, deps: ControllerDeps) {
    super()
    this.#kind = kind
    this.#deps = deps
    this.#owners = deps.informers.of(kind.type)
    this.#pods = deps.informers.of(pods)
    this.#podControl = new PodControl(deps.client, deps.recorder)
    this.#expectations = new DeletionExpectations(deps.clock)
    this.controller = new Controller(
      {
        name: kind.queue,
        sources: [this.#owners, this.#pods],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    indexByController(this.#pods)
    indexByController(this.#owners)
    this.#listen()
  }

  #listen(): void {
    this.#owners.addHandler({
      add: (owner) => this.controller.enqueue(objectKey(owner)),
      update: (old, owner) => {
        if (old.metadata.uid !== owner.metadata.uid) this.#expectations.forget(objectKey(old))
        this.controller.enqueue(objectKey(owner))
      },
      remove: (owner) => {
        this.#expectations.forget(objectKey(owner))
        this.controller.enqueue(objectKey(owner))
      },
    })
    this.#pods.addHandler({
      add: (pod) => this.#onPodAdded(pod),
      update: (old, pod) => this.#onPodChanged(old, pod),
      remove: (pod) => this.#onPodGone(pod),
    })
  }

  #onPodAdded(pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return this.#onPodGone(pod)
    const owner = this.#ownerOf(pod)
    if (!owner) return this.#enqueueAdopters(pod)
    this.#expectations.creationObserved(objectKey(owner))
    this.controller.enqueue(objectKey(owner))
  }

  #onPodChanged(old: Pod, pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#onPodGone(pod)
      return
    }
    const before = this.#ownerOf(old)
    const owner = this.#ownerOf(pod)
    if (before && before !== owner) this.controller.enqueue(objectKey(before))
    if (owner) this.controller.enqueue(objectKey(owner))
    else if (!controllerOf(pod.metadata) && old.metadata.labels !== pod.metadata.labels)
      this.#enqueueAdopters(pod)
  }

  #onPodGone(pod: Pod): void {
    const owner = this.#ownerOf(pod)
    if (!owner) return
    this.#expectations.deletionObserved(objectKey(owner), objectKey(pod))
    this.controller.enqueue(objectKey(owner))
  }

  #ownerOf(object: Pod): T | undefined {
    return ownerAmong(this.#owners.lister, this.#kind.type.kind, object)
  }

  #enqueueAdopters(pod: Pod): void {
    if (controllerOf(pod.metadata)) return
    for (const owner of this.#owners.lister.inNamespace(pod.metadata.namespace ?? ''))
      if (matches(this.#kind, owner, pod)) this.controller.enqueue(objectKey(owner))
  }

  async #reconcile(key: string): Promise<Result> {
    const owner = this.#owners.lister.get(key)
    if (!owner) {
      this.#expectations.forget(key)
      return done
    }
    const mayAct = this.#expectations.satisfied(key)
    const claimed = await this.#claim(owner)
    const active = claimed.filter(podActive)
    const failure =
      mayAct && owner.metadata.deletionTimestamp === undefined
        ? await this.#manage(key, owner, active)
        : undefined
    const nowMs = this.#deps.clock.now()
    const terminatingCount = claimed.filter(
      (pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod),
    ).length
    const plan = planStatus({
      owner,
      active,
      terminatingCount,
      nowMs,
      ...(failure && { failure: failure.told }),
    })
    if (plan.status) await this.#writeStatus({ ...owner, status: plan.status })
    if (failure) throw failure.error
    return plan.nextAvailableInMs === undefined ? done : requeueAfter(plan.nextAvailableInMs)
  }

  #claim(owner: T): Promise<Pod[]> {
    const { client } = this.#deps
    const { name, namespace } = owner.metadata
    const candidates = claimable(this.#pods, owner).filter((pod) => !isPodTerminal(pod))
    return claim(
      {
        client,
        type: pods,
        owner,
        selector: this.#kind.selectorOf(owner),
        freshOwner: () => client.resource(this.#kind.type, namespace).get(name),
      },
      candidates,
    )
  }

  /** Creates or deletes up to `burst` pods; the failure is told in the status and thrown after it. */
  async #manage(
    key: string,
    owner: T,
    active: readonly Pod[],
  ): Promise<{ told: Failure; error: unknown } | undefined> {
    const missing = (owner.spec.replicas ?? 1) - active.length
    if (missing > 0) return this.#create(key, owner, Math.min(burst, missing))
    if (missing < 0) return this.#delete(key, owner, active, Math.min(burst, -missing))
    return undefined
  }

  async #create(
    key: string,
    owner: T,
    count: number,
  ): Promise<{ told: Failure; error: unknown } | undefined> {
    this.#expectations.expectCreations(key, count)
    const template = owner.spec.template ?? {}
    const { succeeded, error } = await slowStart(count, async () => {
      await this.#podControl.create(owner, template)
    })
    for (let i = succeeded; i < count; i++) this.#expectations.creationObserved(key)
    if (error === undefined || namespaceTerminates(error)) return undefined
    return { told: { reason: 'FailedCreate', message: (error as Error).message }, error }
  }

  async #delete(
    key: string,
    owner: T,
    active: readonly Pod[],
    count: number,
  ): Promise<{ told: Failure; error: unknown } | undefined> {
    const victims = choosePodsToDelete(active, count, this.#relatedPodsOnNodes(owner))
    this.#expectations.expectDeletions(key, victims.map(objectKey))
    const results = await Promise.allSettled(
      victims.map((pod) => this.#podControl.delete(owner, pod)),
    )
    let failed: unknown
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue
      this.#expectations.deletionObserved(key, objectKey(victims[i]!))
      failed ??= result.reason
    }
    if (failed === undefined) return undefined
    return { told: { reason: 'FailedDelete', message: (failed as Error).message }, error: failed }
  }

  /** Active pods on each node of this owner and its siblings: the other ReplicaSets of one Deployment. */
  #relatedPodsOnNodes(owner: T): Map<string, number> {
    const parent = controllerOf(owner.metadata)
    const family: KubeObject[] = parent ? controlled(this.#owners, parent.uid) : [owner]
    const counts = new Map<string, number>()
    for (const { metadata } of family)
      for (const pod of controlled(this.#pods, metadata.uid)) {
        if (!podActive(pod)) continue
        const node = pod.spec.nodeName ?? ''
        counts.set(node, (counts.get(node) ?? 0) + 1)
      }
    return counts
  }

  async #writeStatus(owner: T): Promise<void> {
    const { namespace } = splitKey(objectKey(owner))
    await this.#deps.client.resource(this.#kind.type, namespace).updateStatus(owner)
  }
}

function matches<T extends ReplicaOwner>(kind: ReplicaKind<T>, owner: T, pod: Pod): boolean {
  const selector = kind.selectorOf(owner)
  return !selector.empty && selector.matches(pod.metadata.labels)
}
