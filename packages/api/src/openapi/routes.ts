import { returnsDeletedObject } from '../deleted-object.ts'
import { patchOperation, readOperation, replaceOperation } from './object-operations.ts'
import type { OpenApiKind, OpenApiSubresource } from './open-api-kind.ts'
import { makePathItem, produces } from './operation.ts'
import type { Operation, PathItem } from './operation.ts'
import {
  createParameters,
  deleteCollectionParameters,
  deleteParameters,
  listParameters,
  prettyParameter,
} from './parameters.ts'
import { contextOf, scopeParameters } from './route-context.ts'
import type { RouteContext } from './route-context.ts'
import { subresourceRoutes } from './subresource-routes.ts'
import { watchRoutes } from './watch-routes.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
/** Every path of a kind. */
export function routesOf(kind: OpenApiKind): PathItem[] {
  const context = contextOf(kind)
  return [
    ...collectionRoutes(context),
    ...objectRoutes(context),
    ...kind.subresources.flatMap((subresource: OpenApiSubresource) =>
      subresourceRoutes(context, subresource),
    ),
    ...watchRoutes(context),
  ].filter(({ operations }) => operations.length > 0)
}

function collectionRoutes(context: RouteContext): PathItem[] {
  const { kind, verbs, collection, everywhere } = context
  const operations = [
    ...(verbs.includes('list') ? [listOperation(context)] : []),
    ...(verbs.includes('create') ? [createOperation(context)] : []),
    ...(verbs.includes('deletecollection') ? [deleteCollectionOperation(context)] : []),
  ]
  const across =
    kind.type.namespaced && verbs.includes('list')
      ? [makePathItem(everywhere, [listEverywhere(context)])]
      : []
  return [makePathItem(collection, operations), ...across]
}

function listOperation(context: RouteContext): Operation {
  const { kind, verbs, tag, idPrefix, gvk } = context
  const watchable = verbs.includes('watch') ? 'list or watch' : 'list'
  return {
    method: 'get',
    operationId: `list${idPrefix}${gvk.kind}`,
    description: `${watchable} objects of kind ${gvk.kind}`,
    tag,
    parameters: [...scopeParameters(context), ...listParameters()],
    consumes: ['*/*'],
    produces: produces.list,
    answer: { definition: `${kind.schema}List` },
    codes: [200],
    action: 'list',
    kind: gvk,
  }
}

function listEverywhere(context: RouteContext): Operation {
  const id = `list${context.idPrefix.replace(/Namespaced$/, '')}${context.gvk.kind}`
  return {
    ...listOperation(context),
    operationId: `${id}ForAllNamespaces`,
    parameters: [prettyParameter(), ...listParameters()],
  }
}

function createOperation(context: RouteContext): Operation {
  const { kind, tag, idPrefix, gvk } = context
  return {
    method: 'post',
    operationId: `create${idPrefix}${gvk.kind}`,
    description: `create ${withArticle(gvk.kind)}`,
    tag,
    parameters: [...scopeParameters(context), ...createParameters()],
    body: { definition: kind.schema, required: true },
    consumes: ['*/*'],
    produces: produces.object,
    answer: { definition: kind.schema },
    codes: [200, 201, 202],
    action: 'post',
    kind: gvk,
  }
}

/** Kinds that are plurals, such as Endpoints, go without (endpoints' GetArticleForNoun). */
function withArticle(kind: string): string {
  if (kind.endsWith('s') && !kind.endsWith('ss')) return kind
  return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`
}

function deleteCollectionOperation(context: RouteContext): Operation {
  const { tag, idPrefix, gvk } = context
  const id = idPrefix.replace(/(Namespaced)?$/, 'Collection$1')
  return {
    method: 'delete',
    operationId: `delete${id}${gvk.kind}`,
    description: `delete collection of ${gvk.kind}`,
    tag,
    parameters: [...scopeParameters(context), ...deleteCollectionParameters()],
    body: { definition: `${meta}.DeleteOptions`, required: false },
    consumes: ['*/*'],
    produces: produces.object,
    answer: { definition: `${meta}.Status` },
    codes: [200],
    action: 'deletecollection',
    kind: gvk,
  }
}

function objectRoutes(context: RouteContext): PathItem[] {
  const { verbs, kind } = context
  const { schema } = kind
  const subject = { context, suffix: '', what: '', schema, gvk: context.gvk }
  const operations = [
    ...(verbs.includes('get') ? [readOperation(subject)] : []),
    ...(verbs.includes('update') ? [replaceOperation(subject)] : []),
    ...(verbs.includes('delete') ? [deleteOperation(context)] : []),
    ...(verbs.includes('patch') ? [patchOperation(subject)] : []),
  ]
  return [makePathItem(`${context.collection}/{name}`, operations)]
}

function deleteOperation(context: RouteContext): Operation {
  const { kind, tag, idPrefix, gvk } = context
  return {
    method: 'delete',
    operationId: `delete${idPrefix}${gvk.kind}`,
    description: `delete ${withArticle(gvk.kind)}`,
    tag,
    parameters: [...scopeParameters(context, gvk.kind), ...deleteParameters()],
    body: { definition: `${meta}.DeleteOptions`, required: false },
    consumes: ['*/*'],
    produces: produces.object,
    answer: { definition: returnsDeletedObject(gvk.kind) ? kind.schema : `${meta}.Status` },
    codes: [200, 202],
    action: 'delete',
    kind: gvk,
  }
}
