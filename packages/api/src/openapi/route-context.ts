import type { GroupVersionKind } from './definition-schema.ts'
import type { OpenApiKind } from './open-api-kind.ts'
import { capital, groupWord, rootOf } from './open-api-kind.ts'
import { nameParameter, namespaceParameter, prettyParameter } from './parameters.ts'
import type { Parameter } from './parameters.ts'

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

/** What the routes of one kind have in common. */
export interface RouteContext {
  readonly kind: OpenApiKind
  readonly verbs: readonly string[]
  /** `/apis/apps/v1/namespaces/{namespace}/deployments` */
  readonly collection: string
  /** `/apis/apps/v1/deployments` */
  readonly everywhere: string
  readonly tag: string
  /** `AppsV1Namespaced` */
  readonly idPrefix: string
  readonly gvk: GroupVersionKind
}

export function contextOf(kind: OpenApiKind): RouteContext {
  const { group, version, resource, namespaced } = kind.type
  const root = rootOf(kind.type)
  const everywhere = `${root}/${resource}`
  const word = groupWord(group)
  return {
    kind,
    verbs: kind.verbs ?? standardVerbs,
    collection: namespaced ? `${root}/namespaces/{namespace}/${resource}` : everywhere,
    everywhere,
    tag: `${word}_${version}`,
    idPrefix: capital(word) + capital(version) + (namespaced ? 'Namespaced' : ''),
    gvk: { group, version, kind: kind.type.kind },
  }
}

/** The parameters of every operation on a collection, or on one object of it. */
export function scopeParameters({ kind }: RouteContext, name?: string): Parameter[] {
  return [
    ...(kind.type.namespaced ? [namespaceParameter()] : []),
    ...(name === undefined ? [] : [nameParameter(name)]),
    prettyParameter(),
  ]
}
