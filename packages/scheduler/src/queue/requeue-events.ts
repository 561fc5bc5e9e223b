import type { KubeObject } from '@kemu/api'
import type { PodInfo } from '../cache/pod-info.ts'

/** The kinds of objects whose changes can make a pod schedulable. `AssignedPod` is a pod that has a node. */
export type EventResource =
  | 'Node'
  | 'AssignedPod'
  | 'UnscheduledPod'
  | 'Namespace'
  | 'PersistentVolumeClaim'
  | 'StorageClass'

/** What changed, as far as anybody asks (framework ActionType). */
export type EventAction =
  | 'Add'
  | 'Delete'
  | 'UpdateNodeAllocatable'
  | 'UpdateNodeLabel'
  | 'UpdateNodeTaint'
  | 'UpdateNodeUnschedulable'
  | 'UpdatePodLabel'
  | 'UpdatePodRequest'
  | 'UpdatePodTolerations'
  | 'UpdatePodSchedulingGates'
  | 'Update'

/** In a registration: any of the actions on the resource. */
export interface ClusterEvent {
  readonly resource: EventResource
  readonly actions: readonly EventAction[]
}

/** Something that happened, with the object before and after. */
export interface ClusterChange {
  readonly resource: EventResource
  readonly actions: readonly EventAction[]
  /** The label of metrics: `NodeAdd`, `AssignedPodDelete` ... */
  readonly label: string
  readonly old?: KubeObject | undefined
  readonly object?: KubeObject | undefined
}

/** Whether the change could make this pod, rejected by this plugin, schedulable. It must not miss one that could. */
export type QueueingHint = (pod: PodInfo, change: ClusterChange) => boolean

export function concerns(event: ClusterEvent, change: ClusterChange): boolean {
  return (
    event.resource === change.resource &&
    change.actions.some((action) => event.actions.includes(action))
  )
}
