import {
  controllerOf,
  deployments,
  isAlreadyExists,
  isControlledBy,
  isNotFound,
  objectKey,
  pods,
  replicaSets,
  selectorOf,
} from '@kemu/api'
import type { Deployment, Draft, Pod, ReplicaSet } from '@kemu/api'
import type { Informer } from '@kemu/client'
import {
  Controller,
  done,
  namespaceTerminates,
  OneQueueController,
  requeueAfter,
} from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { claim } from '../pods/claim.ts'
import { ownerAmong } from '../pods/owner-among.ts'
import { claimable, controlled, indexByController } from '../pods/owner-index.ts'
import { progressDeadlineMs, setCondition } from './conditions.ts'
import { planRollout } from './plan-rollout.ts'
import type { RolloutPlan } from './plan-rollout.ts'
import { sameTemplate } from './replica-set-family.ts'
import { isRolling } from './revision.ts'

/** Turns a Deployment's template into ReplicaSets, and rolls from one to the next. */
export class DeploymentController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #deployments: Informer<Deployment>
  readonly #sets: Informer<ReplicaSet>
  readonly #pods: Informer<Pod>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#deployments = deps.informers.of(deployments)
    this.#sets = deps.informers.of(replicaSets)
    this.#pods = deps.informers.of(pods)
    this.controller = new Controller(
      {
        name: 'deployment',
        sources: [this.#deployments, this.#sets, this.#pods],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    indexByController(this.#sets)
    indexByController(this.#pods)
    this.#listen()
  }

  #listen(): void {
    const enqueue = (deployment: Deployment): void => this.controller.enqueue(objectKey(deployment))
    this.controller.follow(this.#deployments, { removals: true })
    this.#sets.addHandler({
      add: (set) => this.#onSet(set),
      update: (old, set) => {
        const before = this.#ownerOf(old)
        if (before && before !== this.#ownerOf(set)) enqueue(before)
        this.#onSet(set)
      },
      remove: (set) => this.#onSet(set),
    })
    this.#pods.addHandler({ remove: (pod) => this.#onPodGone(pod) })
  }

  #onSet(set: ReplicaSet): void {
    const owner = this.#ownerOf(set)
    if (owner) return this.controller.enqueue(objectKey(owner))
    if (controllerOf(set.metadata)) return
    for (const deployment of this.#deployments.lister.inNamespace(set.metadata.namespace ?? ''))
      if (selectorOf(deployment.spec.selector).matches(set.metadata.labels))
        this.controller.enqueue(objectKey(deployment))
  }

  /** With Recreate the last old pod's end is what the new ReplicaSet waits for. */
  #onPodGone(pod: Pod): void {
    const reference = controllerOf(pod.metadata)
    if (reference?.kind !== 'ReplicaSet') return
    const set = this.#sets.lister.get(`${pod.metadata.namespace ?? ''}/${reference.name}`)
    const deployment = set && this.#ownerOf(set)
    if (deployment && !isRolling(deployment)) this.controller.enqueue(objectKey(deployment))
  }

  #ownerOf(object: ReplicaSet): Deployment | undefined {
    return ownerAmong(this.#deployments.lister, 'Deployment', object)
  }

  async #reconcile(key: string): Promise<Result> {
    const deployment = this.#deployments.lister.get(key)
    if (!deployment) return done
    if (selectorOf(deployment.spec.selector).empty) return this.#refuseEverything(deployment)
    const plan = planRollout({
      deployment,
      sets: await this.#claim(deployment),
      podsOf: (uid) => controlled(this.#pods, uid),
      nowMs: this.#deps.clock.now(),
    })
    await this.#apply(deployment, plan)
    return plan.checkAfterMs === undefined ? done : requeueAfter(plan.checkAfterMs)
  }

  #claim(deployment: Deployment): Promise<ReplicaSet[]> {
    const { client } = this.#deps
    const { name, namespace } = deployment.metadata
    return claim(
      {
        client,
        type: replicaSets,
        owner: deployment,
        selector: selectorOf(deployment.spec.selector),
        freshOwner: () => client.resource(deployments, namespace).get(name),
      },
      claimable(this.#sets, deployment),
    )
  }

  async #apply(deployment: Deployment, plan: RolloutPlan): Promise<void> {
    const { client, recorder } = this.#deps
    const sets = client.resource(replicaSets, deployment.metadata.namespace)
    if (plan.create) await this.#create(deployment, plan.create.set, plan.create.replicas)
    for (const { set, from } of plan.updates) {
      await sets.update(set)
      const to = set.spec.replicas ?? 1
      if (to !== from) recorder.record(deployment, ...scaledEvent(set.metadata.name, from, to))
    }
    for (const set of plan.deletions) await sets.delete(set.metadata.name).catch(ignoreNotFound)
    if (plan.status)
      await client.resource(deployments, deployment.metadata.namespace).updateStatus(plan.status)
  }

  async #create(deployment: Deployment, set: Draft<ReplicaSet>, replicas: number): Promise<void> {
    const { client, recorder } = this.#deps
    const name = set.metadata.name!
    try {
      await client.resource(replicaSets, deployment.metadata.namespace).create(set)
    } catch (error) {
      if (isAlreadyExists(error)) return this.#onCollision(deployment, name)
      if (!namespaceTerminates(error)) await this.#tellFailure(deployment, name, error as Error)
      throw error
    }
    if (replicas > 0) recorder.record(deployment, ...scaledEvent(name, 0, replicas))
  }

  /** A set of that name is ours already, or another template has the same hash: then the count makes another. */
  async #onCollision(deployment: Deployment, name: string): Promise<void> {
    const { client } = this.#deps
    const { namespace } = deployment.metadata
    const other = await client.resource(replicaSets, namespace).get(name)
    const ours =
      isControlledBy(other.metadata, deployment) &&
      sameTemplate(deployment.spec.template, other.spec.template)
    if (ours) return
    const collisionCount = (deployment.status.collisionCount ?? 0) + 1
    const status = { ...deployment.status, collisionCount }
    await client.resource(deployments, namespace).updateStatus({ ...deployment, status })
    throw new Error(`replica set ${name} exists with another template`)
  }

  async #tellFailure(deployment: Deployment, name: string, error: Error): Promise<void> {
    const { client, clock, recorder } = this.#deps
    const reason = 'ReplicaSetCreateError'
    const message = `Failed to create new replica set "${name}": ${error.message}`
    recorder.record(deployment, 'Warning', reason, message)
    if (progressDeadlineMs(deployment) === undefined) return
    const conditions = setCondition(
      deployment.status.conditions ?? [],
      { type: 'Progressing', status: 'False', reason, message },
      clock.now(),
    )
    const status = { ...deployment.status, conditions }
    const { namespace } = deployment.metadata
    await client.resource(deployments, namespace).updateStatus({ ...deployment, status })
  }

  async #refuseEverything(deployment: Deployment): Promise<Result> {
    const { client, recorder } = this.#deps
    const { generation = 0, namespace } = deployment.metadata
    recorder.record(
      deployment,
      'Warning',
      'SelectingAll',
      'This deployment is selecting all pods. A non-empty selector is required.',
    )
    if ((deployment.status.observedGeneration ?? 0) < generation) {
      const status = { ...deployment.status, observedGeneration: generation }
      await client.resource(deployments, namespace).updateStatus({ ...deployment, status })
    }
    return done
  }
}

function scaledEvent(
  name: string,
  from: number,
  to: number,
): ['Normal', 'ScalingReplicaSet', string] {
  const direction = to > from ? 'up' : 'down'
  return [
    'Normal',
    'ScalingReplicaSet',
    `Scaled ${direction} replica set ${name} from ${from} to ${to}`,
  ]
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
