import { formatTime, isNotFound, pods } from '@kemu/api'
import type { Pod } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { ActionEventRecorder, Client } from '@kemu/client'
import type { PodInfo } from './cache/pod-info.ts'
import type { PreemptionPlan } from './framework/interface.ts'

export interface PreemptionDeps {
  readonly client: Client
  readonly clock: Clock
  readonly recorder: ActionEventRecorder
}

/** Carries out a preemption: marks and deletes the victims, and takes promises back from lesser pods. */
export async function preempt(
  { client, clock, recorder }: PreemptionDeps,
  preemptor: PodInfo,
  { nodeName, victims, displaced }: PreemptionPlan,
): Promise<void> {
  await Promise.all(displaced.map(({ pod }) => nominate(client, pod, undefined)))
  await Promise.all(
    victims.map(async ({ pod }) => {
      if (pod.metadata.deletionTimestamp !== undefined) return
      await evict(client, pod, formatTime(clock.now()))
      recorder.record({
        regarding: pod,
        related: preemptor.pod,
        type: 'Normal',
        reason: 'Preempted',
        action: 'Preempting',
        note: `Preempted by pod ${preemptor.uid} on node ${nodeName}`,
      })
    }),
  )
}

/** Writes or clears the node that the pod was promised. */
export async function nominate(
  client: Client,
  pod: Pod,
  nodeName: string | undefined,
): Promise<void> {
  if ((pod.status?.nominatedNodeName ?? '') === (nodeName ?? '')) return
  const { name, namespace, uid } = pod.metadata
  const patch = { metadata: { uid }, status: { nominatedNodeName: nodeName ?? null } }
  await gone(client.resource(pods, namespace).patchStatus(name, 'strategic', patch))
}

async function evict(client: Client, pod: Pod, now: string): Promise<void> {
  const { name, namespace, uid, generation } = pod.metadata
  const resource = client.resource(pods, namespace)
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${pod.spec.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: now,
    observedGeneration: generation,
  }
  const patch = { metadata: { uid }, status: { conditions: [condition] } }
  await gone(resource.patchStatus(name, 'strategic', patch))
  await gone(resource.delete(name, { preconditions: { uid } }))
}

async function gone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
