import { definitionsOf } from './definitions.ts'
import type { Json } from './json.ts'
import { refTo } from './json.ts'
import type { Operation, PathItem } from './operation.ts'
import type { Parameter } from './parameters.ts'
import { SharedParameters } from './shared-parameters.ts'

/** The one document of OpenAPI 2.0 (swagger) of all paths. */
export function v2Document(items: readonly PathItem[], release: string): Json {
  const definitions = definitionsOf(items, 'v2')
  const shared = new SharedParameters()
  const sorted = [...items].sort((a, b) => (a.path < b.path ? -1 : 1))
  const paths = Object.fromEntries(sorted.map((item) => [item.path, pathItem(item, shared)]))
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: release },
    paths,
    definitions,
    parameters: shared.definitions(),
    securityDefinitions: {
      BearerToken: {
        description: 'Bearer Token authentication',
        type: 'apiKey',
        name: 'authorization',
        in: 'header',
      },
    },
    security: [{ BearerToken: [] }],
  }
}

function pathItem({ operations, parameters }: PathItem, shared: SharedParameters): Json {
  return {
    ...Object.fromEntries(operations.map((o) => [o.method, operationForm(o, shared)])),
    ...(parameters.length > 0 && {
      parameters: parameters.map((p) => shared.refer(parameterForm(p))),
    }),
  }
}

function operationForm(operation: Operation, shared: SharedParameters): Json {
  const { description, consumes, produces, tag, operationId, action, kind } = operation
  const parameters = [...bodyOf(operation), ...operation.parameters.map(parameterForm)]
  return {
    description,
    ...(consumes.length > 0 && { consumes }),
    produces,
    schemes: ['https'],
    tags: [tag],
    operationId,
    ...(parameters.length > 0 && { parameters: parameters.map((p) => shared.refer(p)) }),
    responses: responsesOf(operation),
    ...(action && { 'x-kubernetes-action': action }),
    ...(kind && {
      'x-kubernetes-group-version-kind': {
        group: kind.group,
        kind: kind.kind,
        version: kind.version,
      },
    }),
  }
}

function bodyOf({ body }: Operation): Json[] {
  if (!body) return []
  const schema = refTo(body.definition, 'v2')
  return [{ name: 'body', in: 'body', ...(body.required && { required: true }), schema }]
}

/** Fields stand in the order in which Go writes them: names of shared parameters follow from the text. */
function parameterForm({ name, place, type, description }: Parameter): Json {
  return {
    uniqueItems: true,
    type,
    description,
    name,
    in: place,
    ...(place === 'path' && { required: true }),
  }
}

const words: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function responsesOf({ codes, answer }: Operation): Json {
  const schema = answer === 'string' ? { type: 'string' } : refTo(answer.definition, 'v2')
  return {
    ...Object.fromEntries(codes.map((code) => [code, { description: words[code], schema }])),
    401: { description: 'Unauthorized' },
  }
}
