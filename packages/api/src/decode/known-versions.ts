import { apiVersionOf } from '../resource-type.ts'
import { catalogue } from '../schema/catalogue.ts'

/**
 * Versions that upstream can still read, though it serves them no more; a body in one of them gets an
 * answer of its own.
 */
const formerVersions: Readonly<Record<string, readonly string[]>> = {
  apps: ['v1beta1', 'v1beta2'],
  'authentication.k8s.io': ['v1alpha1', 'v1beta1'],
  'authorization.k8s.io': ['v1beta1'],
  autoscaling: ['v2beta1', 'v2beta2'],
  batch: ['v1beta1'],
  'certificates.k8s.io': ['v1alpha1', 'v1beta1'],
  'coordination.k8s.io': ['v1alpha2', 'v1beta1'],
  'discovery.k8s.io': ['v1beta1'],
  'events.k8s.io': ['v1beta1'],
  'networking.k8s.io': ['v1beta1'],
  'node.k8s.io': ['v1alpha1', 'v1beta1'],
  policy: ['v1beta1'],
  'rbac.authorization.k8s.io': ['v1alpha1', 'v1beta1'],
  'scheduling.k8s.io': ['v1alpha1', 'v1beta1'],
  'storage.k8s.io': ['v1alpha1', 'v1beta1'],
}

/** Kinds that once were served by another group, or still are by two. */
const formerGroups: Readonly<Record<string, readonly string[]>> = {
  'extensions/v1beta1': ['DaemonSet', 'Deployment', 'ReplicaSet', 'Ingress', 'NetworkPolicy'],
  'events.k8s.io/v1': ['Event'],
  'events.k8s.io/v1beta1': ['Event'],
  v1: ['Event'],
}

let kinds: Set<string> | undefined

/** Whether some type of the API is called so. */
export function isKnownKind(group: string, version: string, kind: string): boolean {
  kinds ??= readKinds()
  return kinds.has(`${group}/${version}/${kind}`) || kinds.has(`*/${kind}`)
}

/** Whether the two types are one to upstream, in another version or group. */
export function isOtherVersion(
  stated: { group: string; version: string; kind: string },
  expected: { group: string; kind: string },
): boolean {
  const { group, version, kind } = stated
  if (kind !== expected.kind) return false
  if (group === expected.group) return formerVersions[group]?.includes(version) ?? false
  return formerGroups[apiVersionOf(stated)]?.includes(kind) ?? false
}

function readKinds(): Set<string> {
  const all = new Set<string>()
  for (const [name, gvk] of catalogue().kinds()) {
    all.add(gvk === '*' ? `*/${name}` : `${gvk}/${name}`)
  }
  return all
}
