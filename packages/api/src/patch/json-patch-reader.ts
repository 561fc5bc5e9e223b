import { findDuplicateKeys } from '../decode/duplicate-keys.ts'
import { parseJson } from '../decode/decode-text.ts'
import { JsonSyntaxError } from '../decode/json-parser.ts'
import { DecodeError, ObjectDecoder } from '../decode/object-decoder.ts'
import type { Definition, Field, SchemaNode } from '../schema/schema-node.ts'
import { badRequest, statusError } from '../status-error.ts'
import type { JsonPatchOperation } from './json-patch.ts'

/** The most steps that one patch may have (maxJSONPatchOperations, endpoints/handlers/patch.go). */
const maxOperations = 10_000

export interface ReadPatch {
  readonly operations: readonly JsonPatchOperation[]
  /** `json patch unknown field "[0].foo"` */
  readonly strictErrors: readonly string[]
}

/** The steps of a JSON patch. Throws a BadRequest for what is none, and RequestEntityTooLarge. */
export function readJsonPatch(text: string): ReadPatch {
  const decoder = new ObjectDecoder()
  try {
    const operations = (decoder.decodeNode(operationList, parseJson(text)) ??
      []) as JsonPatchOperation[]
    checkCount(operations.length)
    const strictErrors = [...decoder.strictErrors, ...findDuplicateKeys(text)]
    return { operations, strictErrors: strictErrors.map((error) => `json patch ${error}`) }
  } catch (error) {
    if (error instanceof DecodeError || error instanceof JsonSyntaxError)
      throw badRequest(`error decoding patch: ${error.message}`)
    throw error
  }
}

function checkCount(count: number): void {
  if (count <= maxOperations) return
  const text = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${count}`
  throw statusError('RequestEntityTooLarge', `Request entity too large: ${text}`)
}

/** Upstream's struct, which its messages name. */
const owner = 'handlers.jsonPatchOp'

function stepField(name: string, node: SchemaNode): [string, Field] {
  const field: Field = {
    name,
    node,
    // A pointer keeps what was stated, null apart, and tells it from what was not.
    presence: 'pointer',
    required: false,
    protobufNumber: 0,
    goType: node.kind,
    owner,
    via: [],
    patchStrategy: [],
  }
  return [name, field]
}

const operation: Definition = {
  name: owner,
  shortName: 'jsonPatchOp',
  goType: owner,
  fields: new Map([
    stepField('op', { kind: 'string' }),
    stepField('path', { kind: 'string' }),
    stepField('from', { kind: 'string' }),
    stepField('value', { kind: 'raw' }),
  ]),
  alwaysWritten: [],
}

const operationList: SchemaNode = {
  kind: 'list',
  items: { kind: 'object', definition: operation },
}
