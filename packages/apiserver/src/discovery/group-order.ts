import type { KindDefinition } from '@kemu/api/kinds'

/**
 * Groups in the order in which upstream shows them (aggregator priorities, kube-apiserver's
 * apiVersionPriorities). It decides
 * what kubectl means by a short name that two groups have.
 */
const order = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'storagemigration.k8s.io',
]

export interface ApiGroup {
  readonly name: string
  /** The preferred one first. */
  readonly versions: readonly ApiVersion[]
}

export interface ApiVersion {
  readonly version: string
  readonly kinds: readonly KindDefinition[]
}

/** The served kinds by group and version, in the order of discovery. */
export function groupKinds(kinds: Iterable<KindDefinition>): ApiGroup[] {
  const groups = new Map<string, Map<string, KindDefinition[]>>()
  for (const kind of kinds) {
    const { group, version } = kind.type
    const versions = groups.get(group) ?? new Map<string, KindDefinition[]>()
    groups.set(group, versions)
    versions.set(version, [...(versions.get(version) ?? []), kind])
  }
  return [...groups]
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .map(([version, members]) => ({ version, kinds: members.toSorted(byResource) }))
        .toSorted((a, b) => versionRank(b.version) - versionRank(a.version)),
    }))
    .toSorted((a, b) => groupRank(a.name) - groupRank(b.name))
}

function groupRank(group: string): number {
  const at = order.indexOf(group)
  return at < 0 ? order.length : at
}

/** v2 before v1, stable before beta (apimachinery, version.CompareKubeAwareVersionStrings). */
function versionRank(version: string): number {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!match) return 0
  const [, major = '0', stage, minor = '0'] = match
  const stageRank = stage === undefined ? 2 : stage === 'beta' ? 1 : 0
  return stageRank * 1_000_000 + Number(major) * 1000 + Number(minor)
}

function byResource(a: KindDefinition, b: KindDefinition): number {
  return a.type.resource < b.type.resource ? -1 : 1
}
