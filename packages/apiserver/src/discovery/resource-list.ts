import { createHash } from 'node:crypto'
import { apiVersionOf } from '@kemu/api'
import type { KindDefinition, SubresourceDefinition } from '@kemu/api/kinds'
import type { ApiVersion } from './group-order.ts'

const standardVerbs = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

interface ApiResource {
  readonly name: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly storageVersionHash?: string
}

/** meta/v1 APIResourceList: what `/api/v1` and `/apis/<group>/<version>` answer. */
export function resourceList(group: string, { version, kinds }: ApiVersion): object {
  return {
    kind: 'APIResourceList',
    ...(group !== '' && { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: kinds.flatMap((kind) => [
      apiResource(kind),
      ...kind.subresources.toSorted(byName).map((part) => apiSubresource(kind, part)),
    ]),
  }
}

export function verbsOf(kind: KindDefinition): readonly string[] {
  return kind.verbs ?? standardVerbs
}

function apiResource(kind: KindDefinition): ApiResource {
  const { type, storage } = kind
  return {
    name: type.resource,
    singularName: kind.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: verbsOf(kind),
    ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
    ...(kind.categories.length > 0 && { categories: kind.categories }),
    ...(storage && { storageVersionHash: storageVersionHash(storage.as?.type ?? type) }),
  }
}

function apiSubresource(kind: KindDefinition, part: SubresourceDefinition): ApiResource {
  const { group, version, kind: name } = responseKind(kind, part)
  const { type } = kind
  const foreign = group !== type.group || version !== type.version
  return {
    name: `${type.resource}/${part.name}`,
    singularName: '',
    namespaced: type.namespaced,
    ...(foreign && { group, version }),
    kind: name,
    verbs: subresourceVerbs(part),
  }
}

export function responseKind(
  { type }: KindDefinition,
  part: SubresourceDefinition,
): { readonly group: string; readonly version: string; readonly kind: string } {
  const { group, version, kind } = type
  switch (part.form) {
    case 'scale':
      return { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    case 'action':
      return { group: part.group ?? group, version: part.version ?? version, kind: part.kind }
    case 'status':
    case 'part':
      return { group, version, kind }
  }
}

export function subresourceVerbs(part: SubresourceDefinition): readonly string[] {
  return part.form === 'part' || part.form === 'action' ? part.verbs : ['get', 'patch', 'update']
}

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}

/** The first eight bytes of SHA-256 (discovery.StorageVersionHash). */
function storageVersionHash(type: { group: string; version: string; kind: string }): string {
  const text = `${type.group}/${type.version}/${type.kind}`
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64')
}
