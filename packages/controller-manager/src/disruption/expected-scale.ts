import { controllerOf } from '@kemu/api'
import type {
  Deployment,
  OwnerReference,
  Pod,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '@kemu/api'
import type { Lister } from '@kemu/client'

export interface ScaleListers {
  readonly deployments: Lister<Deployment>
  readonly replicaSets: Lister<ReplicaSet>
  readonly replicationControllers: Lister<ReplicationController>
  readonly statefulSets: Lister<StatefulSet>
}

export interface PodScale {
  readonly count: number
  /** Names of pods that no controller keeps. */
  readonly unmanaged: readonly string[]
}

/** The scale of the pods cannot be told; the message goes into the budget's condition. */
export class ScaleError extends Error {}

/** Kinds that control pods and have no scale, by their resource. */
const withoutScale: Readonly<Record<string, string>> = {
  'apps/v1 DaemonSet': 'daemonsets.apps',
  'batch/v1 Job': 'jobs.batch',
}

/**
 * How many pods the controllers of these pods want, each counted once (getExpectedScale).
 * @throws ScaleError for pods of a controller that has no scale.
 */
export function expectedScale(pods: readonly Pod[], listers: ScaleListers): PodScale {
  const scales = new Map<string, number>()
  const unmanaged: string[] = []
  const seen = new Set<string>()
  for (const { metadata } of pods) {
    const reference = controllerOf(metadata)
    if (!reference) unmanaged.push(metadata.name)
    else if (!seen.has(reference.uid)) {
      seen.add(reference.uid)
      const scale = scaleOf(reference, metadata.namespace ?? '', listers)
      if (!scale) throw new ScaleError(`found no controllers for pod "${metadata.name}"`)
      scales.set(scale.uid, scale.count)
    }
  }
  return { count: [...scales.values()].reduce((sum, count) => sum + count, 0), unmanaged }
}

interface Scale {
  readonly uid: string
  readonly count: number
}

function scaleOf(
  reference: OwnerReference,
  namespace: string,
  listers: ScaleListers,
): Scale | undefined {
  const kind = `${reference.apiVersion} ${reference.kind}`
  const key = `${namespace}/${reference.name}`
  switch (kind) {
    case 'v1 ReplicationController':
      return counted(listers.replicationControllers.get(key), reference)
    case 'apps/v1 StatefulSet':
      return counted(listers.statefulSets.get(key), reference)
    case 'apps/v1 ReplicaSet': {
      const set = listers.replicaSets.get(key)
      const parent = set && controllerOf(set.metadata)
      if (parent?.kind !== 'Deployment') return counted(set, reference)
      return counted(listers.deployments.get(`${namespace}/${parent.name}`), parent)
    }
    default: {
      const resource = withoutScale[kind]
      if (resource === undefined) return undefined
      throw new ScaleError(`${resource} does not implement the scale subresource`)
    }
  }
}

function counted(
  owner: { metadata: { uid: string }; spec: { replicas?: number } } | undefined,
  { uid }: OwnerReference,
): Scale | undefined {
  return owner?.metadata.uid === uid ? { uid, count: owner.spec.replicas ?? 1 } : undefined
}
