import type { GroupVersionKind } from './definition-schema.ts'
import type { OpenApiSubresource } from './open-api-kind.ts'
import { capital } from './open-api-kind.ts'
import { makePathItem, produces } from './operation.ts'
import type { Method, Operation, PathItem } from './operation.ts'
import {
  connectParameters,
  createParameters,
  logParameters,
  nameParameter,
  namespaceParameter,
  pathParameter,
} from './parameters.ts'
import { patchOperation, readOperation, replaceOperation } from './object-operations.ts'
import type { Subject } from './object-operations.ts'
import { scopeParameters } from './route-context.ts'
import type { RouteContext } from './route-context.ts'

/** The paths of one subresource: most have one, proxies have two. */
export function subresourceRoutes(
  context: RouteContext,
  subresource: OpenApiSubresource,
): PathItem[] {
  const path = `${context.collection}/{name}/${subresource.name}`
  if (subresource.form !== 'action')
    return [makePathItem(path, partOperations(context, subresource))]
  const gvk = kindOf(context, subresource)
  if (subresource.name === 'log') return [makePathItem(path, [logOperation(context)])]
  if (!gvk.kind.endsWith('Options'))
    return [makePathItem(path, [createPartOperation(context, subresource, gvk)])]
  const methods = methodsOf(subresource)
  const connect = { context, name: subresource.name, gvk }
  const items = [
    makePathItem(
      path,
      methods.map((m) => connectOperation(connect, m, false)),
    ),
  ]
  if (subresource.name !== 'proxy') return items
  const below = methods.map((m) => connectOperation(connect, m, true))
  return [...items, makePathItem(`${path}/{path}`, below)]
}

function kindOf(
  context: RouteContext,
  { group, version, kind }: OpenApiSubresource,
): GroupVersionKind {
  return {
    group: group ?? context.gvk.group,
    version: version ?? context.gvk.version,
    kind: kind ?? context.gvk.kind,
  }
}

/** status, scale, approval ...: read, replaced and patched like the object. */
function partOperations(context: RouteContext, subresource: OpenApiSubresource): Operation[] {
  const isScale = subresource.form === 'scale'
  const subject: Subject = {
    context,
    suffix: capital(subresource.name),
    what: `${subresource.name} of `,
    schema: isScale ? 'io.k8s.api.autoscaling.v1.Scale' : context.kind.schema,
    gvk: isScale ? { group: 'autoscaling', version: 'v1', kind: 'Scale' } : context.gvk,
  }
  const verbs = subresource.verbs ?? ['get', 'patch', 'update']
  return [
    ...(verbs.includes('get') ? [readOperation(subject)] : []),
    ...(verbs.includes('update') ? [replaceOperation(subject)] : []),
    ...(verbs.includes('patch') ? [patchOperation(subject)] : []),
  ]
}

/** binding, eviction, token: an object of another kind is posted. */
function createPartOperation(
  context: RouteContext,
  { name }: OpenApiSubresource,
  gvk: GroupVersionKind,
): Operation {
  const definition = `io.k8s.api.${gvk.group.split('.')[0] || 'core'}.${gvk.version}.${gvk.kind}`
  return {
    method: 'post',
    operationId: `create${context.idPrefix}${context.gvk.kind}${capital(name)}`,
    description: `create ${name} of a ${context.gvk.kind}`,
    tag: context.tag,
    parameters: [...scopeParameters(context, gvk.kind), ...createParameters()],
    body: { definition, required: true },
    consumes: ['*/*'],
    produces: produces.object,
    answer: { definition },
    codes: [200, 201, 202],
    action: 'post',
    kind: gvk,
  }
}

function logOperation(context: RouteContext): Operation {
  const { tag, idPrefix, gvk } = context
  return {
    method: 'get',
    operationId: `read${idPrefix}${gvk.kind}Log`,
    description: `read log of the specified ${gvk.kind}`,
    tag,
    parameters: [...scopeParameters(context, gvk.kind), ...logParameters()],
    consumes: ['*/*'],
    produces: produces.log,
    answer: 'string',
    codes: [200],
    action: 'get',
    kind: gvk,
  }
}

/** Streams answer to get and post; a proxy passes every method on. */
function methodsOf({ name }: OpenApiSubresource): readonly Method[] {
  return name === 'proxy'
    ? ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
    : ['get', 'post']
}

interface Connect {
  readonly context: RouteContext
  readonly name: string
  readonly gvk: GroupVersionKind
}

function connectOperation(
  { context, name, gvk }: Connect,
  method: Method,
  below: boolean,
): Operation {
  const { kind, idPrefix, tag } = context
  const [, group = '', namespaced = ''] = /^(.*?)(Namespaced)?$/.exec(idPrefix) ?? []
  const suffix = `${capital(name)}${below ? 'WithPath' : ''}`
  return {
    method,
    operationId: `connect${group}${capital(method)}${namespaced}${kind.type.kind}${suffix}`,
    description: `connect ${method.toUpperCase()} requests to ${name} of ${kind.type.kind}`,
    tag,
    parameters: [
      ...(kind.type.namespaced ? [namespaceParameter()] : []),
      nameParameter(gvk.kind),
      ...connectParameters(gvk.kind),
      ...(below ? [pathParameter()] : []),
    ],
    consumes: ['*/*'],
    produces: produces.any,
    answer: 'string',
    codes: [200],
    action: 'connect',
    kind: gvk,
  }
}
