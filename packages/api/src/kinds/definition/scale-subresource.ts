import type { KubeObject } from '../../object.ts'
import type { ScaleSubresource } from '../kind-definition.ts'

type Scalable = KubeObject & {
  spec: { replicas?: number }
  status?: { replicas?: number } | undefined
}

/** autoscaling/v1 Scale of a kind whose size is spec.replicas. */
export function scaleSubresource<T extends Scalable>(
  selector: (object: T) => string,
): ScaleSubresource<T> {
  return {
    name: 'scale',
    form: 'scale',
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas({ spec }, replicas) {
      spec.replicas = replicas
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector,
  }
}
