import { formatYaml } from '../yaml.ts'
import type { Json } from './json.ts'
import { ProtobufMessage } from './protobuf-message.ts'

/**
 * * A v2 document in the form that older kubectl asks for
 * (application/com.github.proto-openapi.spec.v2@v1.0+protobuf). Field numbers are those of gnostic's
 * OpenAPIv2.proto.
 */
export function encodeV2(document: Json): Buffer {
  const info = document['info'] as Json
  return new ProtobufMessage()
    .string(1, document['swagger'])
    .message(2, new ProtobufMessage().string(1, info['title']).string(2, info['version']))
    .message(8, named(2, document['paths'], pathItem))
    .message(9, named(1, document['definitions'], schema))
    .message(10, named(1, document['parameters'], parameter))
    .message(
      12,
      named(1, firstSecurity(document), () => new ProtobufMessage()),
    )
    .message(13, named(1, document['securityDefinitions'], securityDefinition))
    .finish()
}

function firstSecurity(document: Json): unknown {
  return (document['security'] as Json[])[0]
}

/** A map: one `{name = 1, value = 2}` for each entry. */
function named(
  field: number,
  map: unknown,
  encode: (value: Json) => ProtobufMessage,
): ProtobufMessage {
  const message = new ProtobufMessage()
  for (const [name, value] of Object.entries((map ?? {}) as Record<string, Json>))
    message.message(field, new ProtobufMessage().string(1, name).message(2, encode(value)))
  return message
}

function pathItem(item: Json): ProtobufMessage {
  const message = new ProtobufMessage()
  const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
  methods.forEach((method, i) => {
    const operation = item[method] as Json | undefined
    if (operation) message.message(2 + i, operationMessage(operation))
  })
  return parameters(message, 9, item['parameters'])
}

function operationMessage(operation: Json): ProtobufMessage {
  const message = new ProtobufMessage()
    .strings(1, operation['tags'])
    .string(3, operation['description'])
    .string(5, operation['operationId'])
    .strings(6, operation['produces'])
    .strings(7, operation['consumes'])
  parameters(message, 8, operation['parameters'])
    .message(9, named(1, operation['responses'], response))
    .strings(10, operation['schemes'])
  return extensions(message, 13, operation)
}

/** A list of parameters, each one itself (1) or a reference (2). */
function parameters(message: ProtobufMessage, field: number, list: unknown): ProtobufMessage {
  for (const item of (list ?? []) as Json[]) {
    const entry = new ProtobufMessage()
    if (item['$ref'] === undefined) entry.message(1, parameter(item))
    else entry.message(2, new ProtobufMessage().string(1, item['$ref']))
    message.message(field, entry)
  }
  return message
}

/** A body (1), or one of the others (2): of the query (3), of the path (4). */
function parameter(form: Json): ProtobufMessage {
  if (form['in'] === 'body') {
    const body = new ProtobufMessage()
      .string(1, form['description'])
      .string(2, form['name'])
      .string(3, form['in'])
      .bool(4, form['required'])
      .message(5, schema(form['schema'] as Json))
    return new ProtobufMessage().message(1, body)
  }
  const inPath = form['in'] === 'path'
  const [type, unique] = inPath ? ([5, 19] as const) : ([6, 20] as const)
  const plain = new ProtobufMessage()
    .bool(1, form['required'])
    .string(2, form['in'])
    .string(3, form['description'])
    .string(4, form['name'])
    .string(type, form['type'])
    .bool(unique, form['uniqueItems'])
  return new ProtobufMessage().message(2, new ProtobufMessage().message(inPath ? 4 : 3, plain))
}

function response(form: Json): ProtobufMessage {
  const answer = new ProtobufMessage().string(1, form['description'])
  const type = form['schema'] as Json | undefined
  if (type) answer.message(2, new ProtobufMessage().message(1, schema(type)))
  return new ProtobufMessage().message(1, answer)
}

function schema(form: Json): ProtobufMessage {
  const message = new ProtobufMessage()
    .string(1, form['$ref'])
    .string(2, form['format'])
    .string(4, form['description'])
    .strings(19, form['required'])
  for (const value of (form['enum'] ?? []) as string[]) message.message(20, any(value))
  const values = form['additionalProperties'] as Json | undefined
  if (values) message.message(21, new ProtobufMessage().message(1, schema(values)))
  if (form['type'] !== undefined)
    message.message(22, new ProtobufMessage().strings(1, [form['type']]))
  const items = form['items'] as Json | undefined
  if (items) message.message(23, new ProtobufMessage().message(1, schema(items)))
  if (form['properties'] !== undefined) message.message(25, named(1, form['properties'], schema))
  return extensions(message, 31, form)
}

function securityDefinition(form: Json): ProtobufMessage {
  const apiKey = new ProtobufMessage()
    .string(1, form['type'])
    .string(2, form['name'])
    .string(3, form['in'])
    .string(4, form['description'])
  return new ProtobufMessage().message(2, apiKey)
}

function extensions(message: ProtobufMessage, field: number, form: Json): ProtobufMessage {
  for (const [name, value] of Object.entries(form)) {
    if (name.startsWith('x-'))
      message.message(field, new ProtobufMessage().string(1, name).message(2, any(value)))
  }
  return message
}

/**
 * Any value, as YAML. Go writes the empty text with double quotes, and nothing here has two single quotes
 * otherwise.
 */
function any(value: unknown): ProtobufMessage {
  const key = JSON.stringify(value)
  const text = yamlTexts.get(key) ?? formatYaml(value).replaceAll("''", '""')
  yamlTexts.set(key, text)
  return new ProtobufMessage().string(2, text)
}

/** The same few values come thousands of times. */
const yamlTexts = new Map<string, string>()
