import type { KubeObject } from '@kemu/api'
import type { ScaleSubresource } from '@kemu/api/kinds'
import type { ExpectedType } from '@kemu/api/schema'

/**
 * autoscaling/v1 Scale: the one number of a workload that autoscalers and `kubectl scale` change.
 */
export interface Scale extends KubeObject {
  spec?: { replicas?: number }
  status?: { replicas: number; selector?: string }
}

export const scaleType: ExpectedType = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  schema: 'io.k8s.api.autoscaling.v1.Scale',
}

/** The scale of a workload; without spec.replicas where it is zero, as Go leaves zeros out. */
export function scaleOf(object: KubeObject, subresource: ScaleSubresource<KubeObject>): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = subresource.replicas(object)
  const selector = subresource.selector(object)
  return {
    kind: scaleType.kind,
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: subresource.statusReplicas(object), ...(selector !== '' && { selector }) },
  }
}
