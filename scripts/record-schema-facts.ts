// Writes packages/api/facts: what the k8s-models package does not state about the API's types (protobuf numbers, what is
// written when empty, list types and keys, patch strategies, enums, defaults, Go names for messages). Facts only: names,
// numbers and flags, no text. Run by hand, with Go's module cache and an oracle (tools/peers) at hand:
//   KUBECONFIG=... node scripts/run.mjs record-schema-facts /root/go/pkg/mod/k8s.io v0.36.3
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { definitionPrefix, GoStructs } from './go-structs.ts'
import type { GoField, GoPackage } from './go-structs.ts'
import { goTypeOf, modelOf, readModels } from './k8s-models.ts'
import type { Model } from './k8s-models.ts'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const [modules = '/root/go/pkg/mod/k8s.io', version = 'v0.36.3'] = process.argv.slice(2)
const facts = join(root, 'packages/api/facts')

/** The part of an OpenAPI v3 schema that facts come from. */
interface Schema {
  readonly properties?: Record<string, Schema>
  readonly default?: unknown
  readonly enum?: string[]
  readonly required?: string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema
  readonly format?: string
  readonly allOf?: { $ref: string }[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: string[]
  readonly 'x-kubernetes-patch-strategy'?: string
  readonly 'x-kubernetes-patch-merge-key'?: string
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-unions'?: {
    discriminator?: string
    'fields-to-discriminateBy': Record<string, string>
  }[]
  readonly 'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[]
}

const get = (path: string): unknown =>
  JSON.parse(
    execFileSync('kubectl', ['get', '--raw', path], { maxBuffer: 1 << 28, encoding: 'utf8' }),
  )
const swagger = get('/openapi/v2') as { definitions: Record<string, Schema> }
const schemas = readOracle()
const packages = goPackages([...schemas.keys()])
const structs = new GoStructs(packages)
const models = readModels(join(root, 'node_modules/k8s-models/dist/gen/models'))

mkdirSync(facts, { recursive: true })
for (const file of readdirSync(facts)) if (file.endsWith('.txt')) rmSync(join(facts, file))
for (const { prefix } of packages) {
  const names = [...schemas.keys()]
    .filter((name) => name.startsWith(`${prefix}.`) && !name.slice(prefix.length + 1).includes('.'))
    .sort()
  const text = names.map((name) => formatDefinition(name, prefix)).join('')
  if (text) writeFileSync(join(facts, `${prefix}.txt`), text)
}
console.log(`${schemas.size} definitions of ${packages.length} packages`)

/** All v3 documents of the API server that KUBECONFIG names, merged. */
function readOracle(): Map<string, Schema> {
  const index = get('/openapi/v3') as { paths: Record<string, { serverRelativeURL: string }> }
  const merged = new Map<string, Schema>()
  for (const { serverRelativeURL } of Object.values(index.paths)) {
    const document = get(serverRelativeURL) as {
      components?: { schemas?: Record<string, Schema> }
    }
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {}))
      merged.set(name, schema)
  }
  return merged
}

function goPackages(names: string[]): GoPackage[] {
  const prefixes = new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))
  const folders: [module: string, path: string][] = [
    ['api', ''],
    ['apimachinery', ''],
    ['apiextensions-apiserver', ''],
    ['kube-aggregator', ''],
  ]
  return [...prefixes].sort().map((prefix) => {
    const [module] = folders.find(([name]) =>
      prefix.startsWith(definitionPrefix(`k8s.io/${name}/`)),
    )!
    const inside = prefix.slice(definitionPrefix(`k8s.io/${module}/`).length).replaceAll('.', '/')
    return { prefix, folder: join(modules, `${module}@${version}`, inside) }
  })
}

function formatDefinition(name: string, prefix: string): string {
  const schema = schemas.get(name)!
  const short = name.slice(prefix.length + 1)
  const heading = [`# ${short}`, ...definitionFlags(schema, short, prefix)].join(' ')
  if (!schema.properties) return `${heading}\n`
  const model = modelOf(models, name)
  if (!model) throw new Error(`no model of ${name}`)
  const fields = structs.fields(name).map((field) => formatField(field, schema, prefix, model))
  return `${heading}\n${wrap(fields)}`
}

function definitionFlags(schema: Schema, short: string, prefix: string): string[] {
  const flags: string[] = []
  const kinds = schema['x-kubernetes-group-version-kind'] ?? []
  if (kinds.length > 0) {
    const shared = ['DeleteOptions', 'WatchEvent'].includes(short)
    const { group, version, kind } = kinds[0]!
    flags.push(shared ? `gvk=*${sharedBy(`${prefix}.${short}`)}` : `gvk=${group}/${version}`)
    if (kind !== short) throw new Error(`${prefix}.${short} is kind ${kind}`)
  }
  const mapType = schema['x-kubernetes-map-type']
  if (mapType) flags.push(`map=${mapType}`)
  for (const union of schema['x-kubernetes-unions'] ?? []) {
    const members = Object.entries(union['fields-to-discriminateBy'])
      .map(([field, value]) => `${field}>${value}`)
      .join(',')
    flags.push(`union=${union.discriminator ?? ''}:${members}`)
  }
  return flags
}

/** The group versions that v2, which has them all, lists for a definition that every group shares. */
function sharedBy(definition: string): string {
  const kinds = swagger.definitions[definition]?.['x-kubernetes-group-version-kind'] ?? []
  return kinds.map(({ group, version }) => `${group}/${version}`).join(',')
}

function formatField(field: GoField, schema: Schema, prefix: string, model: Model): string {
  const property = schema.properties?.[field.jsonName]
  if (!property) throw new Error(`${prefix}: ${field.jsonName} is not in OpenAPI`)
  const presence = field.pointer ? '*' : field.omitZero ? '~' : field.omitEmpty ? '' : '!'
  const words = [`${field.jsonName} ${field.number ?? '-'}${presence}`]
  const stated = model.fields.find((f) => f.name === field.jsonName)
  if (!stated) throw new Error(`${prefix}.${model.name} has no ${field.jsonName}`)
  if (goTypeOf(stated.type, stated.format) !== field.type) words.push(`go=${field.type}`)
  if (field.via.length > 0) words.push(`via=${field.via.join('.')}`)
  const listType = property['x-kubernetes-list-type']
  const keys = property['x-kubernetes-list-map-keys']
  if (listType) words.push(`list=${listType}${keys ? `:${keys.join(',')}` : ''}`)
  const strategy = property['x-kubernetes-patch-strategy']
  const key = property['x-kubernetes-patch-merge-key']
  if (strategy) words.push(`patch=${strategy}${key ? `:${key}` : ''}`)
  else if (key) words.push(`patch=:${key}`)
  if (property['x-kubernetes-map-type']) words.push(`map=${property['x-kubernetes-map-type']}`)
  if (property.enum) words.push(`enum=${joinEnum(property.enum)}`)
  const inner = property.items ?? property.additionalProperties
  if (inner?.enum) words.push(`item-enum=${joinEnum(inner.enum)}`)
  if (isOwnDefault(property, presence)) words.push(`default=${JSON.stringify(property.default)}`)
  if ((schema.required ?? []).includes(field.jsonName) !== stated.required)
    words.push(`required=${stated.required ? 'no' : 'yes'}`)
  return words.join(' ')
}

/** Words of a line are separated by spaces; `cert sign` is one word all the same. */
function joinEnum(values: string[]): string {
  return values.map((value) => value.replaceAll(' ', '_')).join('|')
}

/** Zero values follow from type and presence; only other defaults are facts of their own. */
function isOwnDefault(property: Schema, presence: string): boolean {
  if (property.default === undefined) return false
  const text = JSON.stringify(property.default)
  if (property.allOf) return presence === '*' || text !== '{}'
  return presence !== '!' || !['""', '0', 'false'].includes(text)
}

function wrap(fields: string[]): string {
  const lines: string[] = []
  let line = ''
  for (const field of fields) {
    if (line && line.length + field.length > 110) {
      lines.push(line)
      line = ''
    }
    line += line ? `; ${field}` : `  ${field}`
  }
  return [...lines, line, ''].join('\n')
}
