import type {
  Definition,
  Field,
  ListNode,
  MapNode,
  ScalarNode,
  SchemaNode,
} from '../schema/schema-node.ts'
import { JsonNumber, JsonObject, plainJson, setKey } from './json-parser.ts'
import { readScalar } from './scalar-decoder.ts'
import { describeMismatch, readUnstructured } from './unstructured-words.ts'
import { zeroOf } from './zero-value.ts'

/** The text cannot become the type at all. The message is Go's. */
export class DecodeError extends Error {
  override name = 'DecodeError'
}

/** A number needs its notation (1.0 is no integer, 2^60 is no double): decode again from the exact tree. */
export class NeedsNotation extends Error {
  override name = 'NeedsNotation'
}

/** encoding/json as patched for Kubernetes stops collecting there. */
const maxStrictErrors = 100

type Step = Field | number | string

/**
 * * Upstream has two readers with words of their own: encoding/json for bodies, and the converter from
 * unstructured data that strategic merge patches go through (runtime/converter.go), which also lets
 * integers wrap.
 */
export type Words = 'json' | 'unstructured'

/**
 * * Turns JSON data into an object as upstream's Go types would hold and write it: unknown fields dropped
 * (and reported), wrong types refused, scalars in canonical form, empty values left out or filled in as the
 * field says. The input is not changed.
 */
export class ObjectDecoder {
  /** `unknown field "spec.foo"`, `duplicate field "spec"`, in the order of the text. */
  readonly strictErrors: string[] = []
  /** How many keys of objects were seen, unknown ones and their insides too. */
  keyCount = 0
  readonly #path: Step[] = []
  readonly #words: Words
  #firstError: DecodeError | undefined

  constructor(words: Words = 'json') {
    this.#words = words
  }

  /** Throws a DecodeError when any value has a wrong type. */
  decode(definition: Definition, input: unknown): Record<string, unknown> {
    const object = this.#object(definition, input)
    if (this.#firstError) throw this.#firstError
    return object
  }

  /** The same for a text that is no single object. */
  decodeNode(node: SchemaNode, input: unknown): unknown {
    const value = this.#node(node, input)
    if (this.#firstError) throw this.#firstError
    return value
  }

  #node(node: SchemaNode, input: unknown): unknown {
    switch (node.kind) {
      case 'object':
        return this.#object(node.definition, input)
      case 'list':
        return this.#list(node, input)
      case 'map':
        return this.#map(node, input)
      case 'raw':
        return this.#raw(input)
      default:
        return this.#scalar(node, input)
    }
  }

  #object(
    definition: Definition,
    input: unknown,
    into: Record<string, unknown> = {},
  ): Record<string, unknown> {
    if (!isObject(input)) {
      if (input !== null) this.#mismatch(input, 'struct', definition.goType)
    } else if (input instanceof JsonObject) this.#entries(definition, input, into)
    else {
      for (const key in input) {
        this.keyCount += 1
        const field = definition.fields!.get(key)
        if (field) this.#field(field, input[key], into)
        else this.#unknown(key, input[key])
      }
    }
    for (const field of definition.alwaysWritten) {
      if (into[field.name] === undefined) into[field.name] = zeroOf(field.node)
    }
    return into
  }

  /** The exact form, with its duplicates. */
  #entries(definition: Definition, input: JsonObject, into: Record<string, unknown>): void {
    const seen = new Set<string>()
    for (const [key, value] of input.entries) {
      this.keyCount += 1
      const field = definition.fields!.get(key)
      if (!field) {
        this.#unknown(key, value)
        continue
      }
      if (seen.has(key)) this.#strict('duplicate', key)
      seen.add(key)
      this.#field(field, value, into)
    }
  }

  #field(field: Field, input: unknown, into: Record<string, unknown>): void {
    const { node, presence, name } = field
    if (input === null && (presence === 'pointer' || node.kind === 'list' || node.kind === 'map')) {
      if (into[name] !== undefined) delete into[name]
      return
    }
    this.#path.push(field)
    const before = into[name]
    // Go reads a second object of the same name over the first.
    const value =
      node.kind === 'object' && before !== undefined
        ? this.#object(node.definition, input, before as Record<string, unknown>)
        : this.#node(node, input)
    this.#path.pop()
    if (presence === 'optional' && isEmpty(value)) return
    if (presence === 'nonZero' && (value === null || isEmpty(value))) return
    into[name] = value
  }

  #list(node: ListNode, input: unknown): unknown[] {
    if (!Array.isArray(input)) {
      if (input !== null) this.#mismatch(input, 'slice', this.#goType(node))
      return []
    }
    const items: unknown[] = []
    const { items: item } = node
    for (let i = 0; i < input.length; i += 1) {
      this.#path.push(i)
      const element: unknown = input[i]
      items.push(element === null ? zeroOf(item) : this.#node(item, element))
      this.#path.pop()
    }
    return items
  }

  #map(node: MapNode, input: unknown): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    if (!isObject(input)) {
      if (input !== null) this.#mismatch(input, 'map', this.#goType(node))
      return map
    }
    if (input instanceof JsonObject) {
      const seen = new Set<string>()
      for (const [key, value] of input.entries) {
        if (seen.has(key)) this.#strict('duplicate', key)
        seen.add(key)
        this.#mapValue(node, key, value, map)
      }
    } else for (const key in input) this.#mapValue(node, key, input[key], map)
    return map
  }

  #mapValue(node: MapNode, key: string, input: unknown, map: Record<string, unknown>): void {
    this.keyCount += 1
    this.#path.push(key)
    setKey(map, key, input === null ? zeroOf(node.values) : this.#node(node.values, input))
    this.#path.pop()
  }

  #raw(input: unknown): unknown {
    this.keyCount += countKeys(input)
    return input instanceof JsonObject || input instanceof JsonNumber || Array.isArray(input)
      ? plainJson(input as JsonObject)
      : input
  }

  #scalar(node: ScalarNode, input: unknown): unknown {
    if (input === null) return zeroOf(node)
    const answer =
      this.#words === 'json'
        ? readScalar(node.kind, input)
        : readUnstructured(node.kind, input, () => this.#goType(node))
    if (answer.form === 'value') return answer.value
    if (answer.form === 'notation') throw new NeedsNotation()
    // Go's own unmarshalers end the decoding at once; other wrong values are saved, and the first one is told.
    if (answer.form === 'fatal') throw new DecodeError(answer.message)
    this.#wrongType(answer.got, answer.wanted ?? this.#goType(node), answer.atOnce)
    return zeroOf(node)
  }

  #unknown(key: string, value: unknown): void {
    this.keyCount += countKeys(value)
    this.#strict('unknown', key)
  }

  #strict(what: 'unknown' | 'duplicate', key: string): void {
    const path = this.#path.length === 0 ? key : `${formatPath(this.#path)}.${key}`
    const message = `${what} field ${JSON.stringify(path)}`
    if (this.strictErrors.length < maxStrictErrors && !this.strictErrors.includes(message))
      this.strictErrors.push(message)
  }

  #mismatch(input: unknown, form: 'struct' | 'slice' | 'map', wanted: string): void {
    if (this.#words === 'unstructured') throw new DecodeError(describeMismatch(input, form))
    this.#wrongType(describe(input), wanted)
  }

  #wrongType(got: string, wanted: string, atOnce = false): void {
    if (this.#firstError && !atOnce) return
    const fields = this.#path.filter((step): step is Field => typeof step === 'object')
    const owner = fields.at(-1)?.owner
    const where =
      owner === undefined
        ? `Go value of type ${wanted}`
        : `Go struct field ${owner.slice(owner.lastIndexOf('.') + 1)}.${goPath(fields)} of type ${wanted}`
    const error = new DecodeError(`json: cannot unmarshal ${got} into ${where}`)
    if (atOnce) throw error
    this.#firstError = error
  }

  /** Go's name of the type at this place: that of the field, less one list or map for each step inside it. */
  #goType(node: SchemaNode): string {
    const at = this.#path.findLastIndex((step) => typeof step === 'object')
    const field = this.#path[at]
    if (typeof field !== 'object') return plainGoType(node)
    let type = field.goType
    for (let i = at + 1; i < this.#path.length; i += 1) {
      const inner = /^(?:\[\]|map\[[\w.]+\])(.*)$/.exec(type)
      if (!inner) return plainGoType(node)
      type = inner[1]!
    }
    return type === '[]byte' ? '[]uint8' : type
  }
}

function plainGoType(node: SchemaNode): string {
  if (node.kind === 'list') return `[]${plainGoType(node.items)}`
  if (node.kind === 'object') return node.definition.goType
  const names: Partial<Record<SchemaNode['kind'], string>> = {
    boolean: 'bool',
    double: 'float64',
    bytes: '[]uint8',
  }
  return names[node.kind] ?? node.kind
}

function isObject(input: unknown): input is Record<string, unknown> {
  return (
    typeof input === 'object' &&
    input !== null &&
    !Array.isArray(input) &&
    !(input instanceof JsonNumber)
  )
}

/** What Go leaves out of optional fields. */
function isEmpty(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value === ''
    case 'number':
      return value === 0
    case 'boolean':
      return !value
    case 'object':
      if (Array.isArray(value)) return value.length === 0
      if (value === null) return false
      for (const _ in value) return false
      return true
    default:
      return value === undefined
  }
}

/** Go's word for a JSON value. */
function describe(input: unknown): string {
  if (Array.isArray(input)) return 'array'
  if (input instanceof JsonNumber) return 'number'
  if (typeof input === 'boolean') return 'bool'
  return typeof input
}

function formatPath(path: readonly Step[]): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += `${text === '' ? '' : '.'}${typeof step === 'string' ? step : step.name}`
  }
  return text
}

function goPath(fields: readonly Field[]): string {
  return fields.flatMap((field) => [...field.via, field.name]).join('.')
}

function countKeys(input: unknown): number {
  if (typeof input !== 'object' || input === null) return 0
  if (Array.isArray(input)) return input.reduce((sum: number, item) => sum + countKeys(item), 0)
  if (input instanceof JsonNumber) return 0
  let count = 0
  if (input instanceof JsonObject) {
    for (const [, value] of input.entries) count += 1 + countKeys(value)
    return count
  }
  for (const key in input) count += 1 + countKeys((input as Record<string, unknown>)[key])
  return count
}
