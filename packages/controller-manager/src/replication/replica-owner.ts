import { replicaSets, replicationControllers, selectorOf, selectorOfMap } from '@kemu/api'
import type { ReplicaSet, ReplicationController, ResourceType, Selector } from '@kemu/api'

/** The two kinds that keep a number of equal pods. They differ in the form of their selector only. */
export type ReplicaOwner = ReplicaSet | ReplicationController

export interface ReplicaKind<T extends ReplicaOwner> {
  readonly type: ResourceType<T>
  /** The queue's name in metrics. */
  readonly queue: string
  selectorOf(owner: T): Selector
}

export const replicaSetKind: ReplicaKind<ReplicaSet> = {
  type: replicaSets,
  queue: 'replicaset',
  selectorOf: (set) => selectorOf(set.spec.selector),
}

export const replicationControllerKind: ReplicaKind<ReplicationController> = {
  type: replicationControllers,
  queue: 'replicationmanager',
  selectorOf: (controller) => selectorOfMap(controller.spec.selector),
}
