import type { Pod } from '@kemu/api'
import type { ResourceClient } from '@kemu/client'
import { podCondition } from '@kemu/controller-runtime'

/** Writes PodScheduled False Unschedulable, unless the pod says just that already. */
export async function writePodUnschedulable(
  resource: ResourceClient<Pod>,
  pod: Pod,
  message: string,
  now: string,
): Promise<void> {
  const old = podCondition(pod, 'PodScheduled')
  if (old?.status === 'False' && old.message === message && old.reason === 'Unschedulable') return
  const lastTransitionTime = old?.status === 'False' ? old.lastTransitionTime : now
  await resource.patchStatus(pod.metadata.name, 'strategic', {
    metadata: { uid: pod.metadata.uid },
    status: {
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message,
          lastProbeTime: null,
          lastTransitionTime,
          observedGeneration: pod.metadata.generation,
        },
      ],
    },
  })
}
