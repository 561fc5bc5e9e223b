import { controllerReference } from '@kemu/api'
import type {
  ControllerRevision,
  Draft,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
} from '@kemu/api'

export const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'
/** Carries the name of the pod's revision. */
const podRevisionLabel = 'controller-revision-hash'
/** Of ControllerRevisions. */
export const revisionHashLabel = 'controller.kubernetes.io/hash'

export function revisionOf({ metadata }: Pod): string {
  return metadata.labels?.[podRevisionLabel] ?? ''
}

/** The number that ends the pod's name; undefined for a name that the set gives no pod. */
export function ordinalOf({ metadata }: Pod, set: StatefulSet): number | undefined {
  const prefix = `${set.metadata.name}-`
  const end = metadata.name.startsWith(prefix) ? metadata.name.slice(prefix.length) : ''
  return /^\d+$/.test(end) ? Number(end) : undefined
}

export function firstOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0
}

export function isInRange(ordinal: number, set: StatefulSet): boolean {
  const first = firstOrdinal(set)
  return ordinal >= first && ordinal < first + (set.spec.replicas ?? 1)
}

/** The pod of the ordinal as the revision wants it. */
export function statefulPod(
  set: StatefulSet,
  revision: ControllerRevision,
  ordinal: number,
): Draft<Pod> {
  const { metadata, spec } = templateOf(revision)
  const name = `${set.metadata.name}-${ordinal}`
  const volumes = statefulVolumes(set, ordinal, spec!.volumes ?? [])
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? '',
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ...(metadata?.finalizers && { finalizers: metadata.finalizers }),
      labels: {
        ...metadata?.labels,
        ...identityLabels(name, ordinal),
        [podRevisionLabel]: revision.metadata.name,
      },
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...spec!,
      hostname: name,
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  }
}

export function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [podNameLabel]: name, [podIndexLabel]: String(ordinal) }
}

/** A revision's data is a patch that replaces the template. */
function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = data as { spec: { template: PodTemplateSpec & { $patch?: string } } }
  const { $patch: _, ...template } = spec.template
  return template
}

type Volumes = NonNullable<NonNullable<PodTemplateSpec['spec']>['volumes']>

/** Each claim of the set is a volume of its name; it stands in place of one that the template has. */
function statefulVolumes(set: StatefulSet, ordinal: number, volumes: Volumes): Volumes {
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: claimName(set, name, ordinal) },
  }))
  const taken = new Set(claims.map(({ name }) => name))
  return [...claims, ...volumes.filter(({ name }) => !taken.has(name))]
}

export function claimName(set: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${set.metadata.name}-${ordinal}`
}

/** The claims that the pod of the ordinal needs. */
export function statefulClaims(set: StatefulSet, ordinal: number): Draft<PersistentVolumeClaim>[] {
  const { spec } = set
  return (spec.volumeClaimTemplates ?? []).map(({ metadata, spec: claimSpec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, metadata.name, ordinal),
      namespace: set.metadata.namespace ?? '',
      labels: { ...metadata.labels, ...spec.selector.matchLabels },
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(metadata.finalizers && { finalizers: metadata.finalizers }),
    },
    spec: claimSpec,
    status: {},
  }))
}
