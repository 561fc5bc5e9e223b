import type { GroupVersion } from '../schema/schema-node.ts'
import { definitionsOf } from './definitions.ts'
import type { Json } from './json.ts'
import { refTo } from './json.ts'
import type { Operation, PathItem, Payload } from './operation.ts'
import type { Parameter } from './parameters.ts'

/** A document of OpenAPI 3.0: that of one group version, or of one of the fixed paths. */
export function v3Document(
  items: readonly PathItem[],
  release: string,
  document?: GroupVersion,
): Json {
  const schemas = definitionsOf(items, 'v3', document)
  const sorted = [...items].sort((a, b) => (a.path < b.path ? -1 : 1))
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: release },
    paths: Object.fromEntries(sorted.map((item) => [item.path, pathItem(item)])),
    components: {
      ...(Object.keys(schemas).length > 0 && { schemas }),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  }
}

function pathItem({ operations, parameters }: PathItem): Json {
  return {
    ...Object.fromEntries(operations.map((o) => [o.method, operationForm(o)])),
    ...(parameters.length > 0 && { parameters: parameters.map(parameterForm) }),
  }
}

function operationForm(operation: Operation): Json {
  const { tag, description, operationId, parameters, body, consumes, action, kind } = operation
  return {
    tags: [tag],
    description,
    operationId,
    ...(parameters.length > 0 && { parameters: parameters.map(parameterForm) }),
    ...(body && {
      requestBody: {
        content: contentOf(consumes, { definition: body.definition }),
        ...(body.required && { required: true }),
      },
    }),
    responses: responsesOf(operation),
    ...(action && { 'x-kubernetes-action': action }),
    ...(kind && { 'x-kubernetes-group-version-kind': kind }),
  }
}

function parameterForm({ name, place, type, description }: Parameter): Json {
  return {
    name,
    in: place,
    description,
    ...(place === 'path' && { required: true }),
    schema: { type, uniqueItems: true },
  }
}

const words: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function responsesOf({ codes, produces, answer }: Operation): Json {
  const content = contentOf(produces, answer)
  return {
    ...Object.fromEntries(codes.map((code) => [code, { description: words[code], content }])),
    401: { description: 'Unauthorized' },
  }
}

function contentOf(types: readonly string[], payload: Payload): Json {
  const schema = payload === 'string' ? { type: 'string' } : refTo(payload.definition, 'v3')
  return Object.fromEntries([...types].sort().map((type) => [type, { schema }]))
}
