import type { KindDefinition, SubresourceDefinition } from '@kemu/api/kinds'
import type { ApiGroup, ApiVersion } from './group-order.ts'
import { byName, responseKind, subresourceVerbs, verbsOf } from './resource-list.ts'

/**
 * apidiscovery.k8s.io APIGroupDiscoveryList: everything about some groups in one answer (KEP-3352).
 */
export function groupDiscoveryList(groups: readonly ApiGroup[], version: 'v2' | 'v2beta1'): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group.name !== '' && { name: group.name }), creationTimestamp: null },
      versions: group.versions.map((served) => versionDiscovery(served)),
    })),
  }
}

function versionDiscovery({ version, kinds }: ApiVersion): object {
  return { version, resources: kinds.map(resourceDiscovery), freshness: 'Current' }
}

function resourceDiscovery(kind: KindDefinition): object {
  const { type } = kind
  const { resource } = type
  const parts = kind.subresources.toSorted(byName)
  return {
    resource,
    responseKind: { group: '', version: '', kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind),
    ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
    ...(kind.categories.length > 0 && { categories: kind.categories }),
    ...(parts.length > 0 && { subresources: parts.map((part) => partDiscovery(kind, part)) }),
  }
}

/** Group and version are said only where they are not those of the list. */
function foreignKind(kind: KindDefinition, part: SubresourceDefinition): object {
  const answer = responseKind(kind, part)
  const { group, version } = kind.type
  const isOwn = answer.group === group && answer.version === version
  return isOwn ? { ...answer, group: '', version: '' } : answer
}

function partDiscovery(kind: KindDefinition, part: SubresourceDefinition): object {
  return {
    subresource: part.name,
    responseKind: foreignKind(kind, part),
    verbs: subresourceVerbs(part),
  }
}
