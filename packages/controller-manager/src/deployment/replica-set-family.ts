import { controllerReference, deepEqual, parseTime } from '@kemu/api'
import type { Deployment, Draft, LabelSelector, PodTemplateSpec, ReplicaSet } from '@kemu/api'
import { hashLabel } from './revision.ts'

/** A Deployment's ReplicaSets: the one of the current template, and the others. */
export interface ReplicaSetFamily {
  readonly newest: ReplicaSet | undefined
  readonly old: readonly ReplicaSet[]
}

export function familyOf(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSetFamily {
  const newest = [...sets]
    .sort(byCreation)
    .find((set) => sameTemplate(deployment.spec.template, set.spec.template))
  return { newest, old: sets.filter((set) => set !== newest) }
}

/** Equal but for the hash label that the controller adds (EqualIgnoreHash). */
export function sameTemplate(
  a: PodTemplateSpec | undefined,
  b: PodTemplateSpec | undefined,
): boolean {
  return deepEqual(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {}
  const metadata: Record<string, unknown> = { ...template?.metadata, labels }
  // A template's creationTimestamp is null on the wire of older clients; it means nothing.
  delete metadata['creationTimestamp']
  return { ...template, metadata }
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const order = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp)
  return order || (a.metadata.name < b.metadata.name ? -1 : 1)
}

/** The ReplicaSet that runs the Deployment's template. */
export function newReplicaSet(
  deployment: Deployment,
  hash: string,
  replicas: number,
  annotations: Record<string, string>,
): Draft<ReplicaSet> {
  const { namespace = '', name } = deployment.metadata
  const { template, minReadySeconds } = deployment.spec
  const labels = { ...template.metadata?.labels, [hashLabel]: hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations,
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds && { minReadySeconds }),
      selector: withHash(deployment.spec.selector, hash),
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

function withHash(selector: LabelSelector, hash: string): LabelSelector {
  return { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } }
}
