import { assert } from '@kemu/base'
import { catalogueText } from '../generated/catalogue.ts'
import type { Definition, Field, Presence, ScalarNode, SchemaNode, Union } from './schema-node.ts'

/**
 * * One field in the generated catalogue. Types: `string`, `boolean`, `int32`, `int64`, `double`, `bytes`,
 * `@definition`, `[]T` (list of T), `{}T` (map of T). Presence: '' optional, `*` pointer, `!` always, `~`
 * nonZero.
 */
type FieldRow = [
  name: string,
  type: string,
  presence: string,
  number: number,
  required: 0 | 1,
  flags?: Flags,
]
type Flags = Readonly<Record<string, string>>

const presences: Record<string, Presence> = {
  '': 'optional',
  '*': 'pointer',
  '!': 'always',
  '~': 'nonZero',
}

/** Definitions that are plain values on the wire. */
const scalars: Record<string, ScalarNode['kind']> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
}

/**
 * * Every definition of the API by name. Rows are read when they are first asked for: a server that serves
 * twenty kinds pays for twenty kinds.
 */
export class Catalogue {
  readonly #rows = new Map<string, string>()
  readonly #definitions = new Map<string, Definition>()

  constructor(text: string = catalogueText) {
    for (const line of text.split('\n')) {
      const at = line.indexOf(' ')
      this.#rows.set(line.slice(0, at), line.slice(at + 1))
    }
  }

  get names(): Iterable<string> {
    return this.#rows.keys()
  }

  /** Short name and `group/version` (or `*`) of each definition that is a kind; rows are not read for it. */
  *kinds(): Generator<[shortName: string, gvk: string]> {
    for (const [name, row] of this.#rows) {
      const gvk = /^\[\{"gvk":"([^"]*)"/.exec(row)?.[1]
      if (gvk !== undefined)
        yield [name.slice(name.lastIndexOf('.') + 1), gvk.replace(/^\*.*/, '*')]
    }
  }

  has(name: string): boolean {
    return this.#rows.has(name)
  }

  /** The definition of that name; asking for one that is not there is a bug. */
  definition(name: string): Definition {
    const known = this.#definitions.get(name)
    if (known) return known
    const row = this.#rows.get(name)
    assert(row !== undefined, `no definition ${name} in the catalogue`)
    const definition = this.#read(name, row)
    this.#definitions.set(name, definition)
    return definition
  }

  /** The definition of a kind of one group and version; asking for one that is not there is a bug. */
  definitionOfKind(apiVersion: string, kind: string): Definition {
    for (const [name, row] of this.#rows) {
      if (!name.endsWith(`.${kind}`)) continue
      const gvk = /^\[\{"gvk":"([^"]*)"/.exec(row)?.[1]
      if (gvk === apiVersion || gvk === `/${apiVersion}`) return this.definition(name)
    }
    assert(false, `no definition of ${apiVersion} ${kind} in the catalogue`)
  }

  #read(name: string, row: string): Definition {
    const [flags, rows] = JSON.parse(row) as [Flags, FieldRow[]?]
    const fields = rows && new Map(rows.map((r) => [r[0], this.#field(r, name)]))
    const [shortName = '', version = ''] = name.split('.').reverse()
    const kindOf = readKind(flags['gvk'])
    const union = readUnion(flags['union'])
    return {
      name,
      shortName,
      goType: `${version}.${shortName}`,
      ...(fields && { fields }),
      alwaysWritten: fields ? [...fields.values()].filter(isAlwaysWritten) : [],
      ...(kindOf && { kindOf }),
      ...(flags['map'] && { mapType: flags['map'] }),
      ...(union && { union }),
    }
  }

  #field([name, type, presence, number, required, flags = {}]: FieldRow, owner: string): Field {
    const node = this.#node(type)
    const [strategies = '', mergeKey] = flags['patch']?.split(':') ?? []
    const [listType, keys] = flags['list']?.split(':') ?? []
    return {
      name,
      node,
      presence: presences[presence]!,
      required: required === 1,
      protobufNumber: number,
      goType: flags['go'] ?? goTypeOf(type),
      owner,
      via: flags['via']?.split('.') ?? [],
      ...(listType && { listType: listType as NonNullable<Field['listType']> }),
      ...(keys && { listMapKeys: keys.split(',') }),
      patchStrategy: strategies === '' ? [] : strategies.split(','),
      ...(mergeKey && { patchMergeKey: mergeKey }),
      ...(flags['map'] && { mapType: flags['map'] }),
      ...(flags['enum'] && { enumValues: readEnum(flags['enum']) }),
      ...(flags['item-enum'] && { itemEnumValues: readEnum(flags['item-enum']) }),
      ...(flags['default'] && { defaultValue: JSON.parse(flags['default']) as unknown }),
    }
  }

  #node(type: string): SchemaNode {
    if (type.startsWith('[]')) return { kind: 'list', items: this.#node(type.slice(2)) }
    if (type.startsWith('{}')) return { kind: 'map', values: this.#node(type.slice(2)) }
    if (!type.startsWith('@')) return { kind: type as ScalarNode['kind'] }
    const name = type.slice(1)
    const scalar = scalars[name]
    if (scalar) return { kind: scalar, definition: name }
    const row = this.#rows.get(name)
    assert(row !== undefined, `no definition ${name} in the catalogue`)
    if (!row.includes(',[')) return { kind: 'raw', definition: name }
    return new LazyObjectNode(this, name)
  }
}

/** Types refer to themselves (JSONSchemaProps), so a definition is looked up when it is first needed. */
class LazyObjectNode {
  readonly kind = 'object'
  readonly #catalogue: Catalogue
  readonly #name: string
  #definition: Definition | undefined

  constructor(catalogue: Catalogue, name: string) {
    this.#catalogue = catalogue
    this.#name = name
  }

  get definition(): Definition {
    return (this.#definition ??= this.#catalogue.definition(this.#name))
  }
}

/** Go leaves out empty strings and lists, but not structs that are no pointers. */
function isAlwaysWritten({ presence, node }: Field): boolean {
  if (presence === 'always') return true
  if (presence !== 'optional') return false
  return !['string', 'boolean', 'int32', 'int64', 'double', 'bytes', 'list', 'map'].includes(
    node.kind,
  )
}

function goTypeOf(type: string): string {
  if (type.startsWith('[]')) return `[]${goTypeOf(type.slice(2))}`
  if (type.startsWith('{}')) return `map[string]${goTypeOf(type.slice(2))}`
  if (type.startsWith('@')) return type.split('.').slice(-2).join('.')
  const plain: Record<string, string> = { boolean: 'bool', double: 'float64', bytes: '[]uint8' }
  return plain[type] ?? type
}

/** `apps/v1`, or for what groups share, a star and all of them: `*apps/v1,batch/v1`. */
function readKind(flag: string | undefined): Definition['kindOf'] {
  if (flag === undefined) return undefined
  const versions = flag.replace('*', '').split(',').map(readGroupVersion)
  return flag.startsWith('*') ? { sharedBy: versions } : versions[0]
}

function readGroupVersion(text: string): { group: string; version: string } {
  const [group = '', version = ''] = text.split('/')
  return { group, version }
}

/** The facts have no spaces inside of words. */
function readEnum(text: string): string[] {
  return text.split('|').map((value) => value.replaceAll('_', ' '))
}

function readUnion(flag: string | undefined): Union | undefined {
  if (flag === undefined) return undefined
  const [discriminator = '', members = ''] = flag.split(':')
  const fields = Object.fromEntries(members.split(',').map((m) => m.split('>') as [string, string]))
  return { ...(discriminator && { discriminator }), fields }
}

let shared: Catalogue | undefined

/** The one catalogue of this process; opened on first use. */
export function catalogue(): Catalogue {
  return (shared ??= new Catalogue())
}
