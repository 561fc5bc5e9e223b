import { deepFreeze } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KeyValue } from '../store/key-value-store.ts'

export type Labels = Readonly<Record<string, string>>

/** What selectors ask of an object; kept beside its bytes so that most reads need no parse. */
export interface Facets {
  readonly labels: Labels
  /** Besides metadata.name and metadata.namespace. */
  readonly fields: Labels
}

/** How an object of one resource yields its facets. */
export type FacetsOf = (object: KubeObject) => Facets

const noLabels: Labels = Object.freeze({})

export function makeFacets(object: KubeObject, fields: Labels = noLabels): Facets {
  return { labels: object.metadata.labels ?? noLabels, fields }
}

/**
 * One version of one object: its JSON as clients get it, made once and shared by all readers,
 * watchers and fronts. The
 * parsed form is made when somebody asks, because most versions are only passed on.
 */
export class StoredObject implements Facets {
  /** `namespace/name`, or the name alone. */
  readonly key: string
  readonly revision: number
  /** With kind, apiVersion and metadata.resourceVersion. */
  readonly json: Buffer
  readonly labels: Labels
  readonly fields: Labels
  readonly #stampedAt: Stamped['at']
  #object: KubeObject | undefined

  private constructor(key: string, revision: number, { json, at }: Stamped, facets: Facets) {
    this.key = key
    this.revision = revision
    this.json = json
    this.#stampedAt = at
    this.labels = facets.labels
    this.fields = facets.fields
  }

  /** Of what the store holds. */
  static read(key: string, kv: KeyValue, facetsOf: FacetsOf): StoredObject {
    const facets = facetsOf(JSON.parse(kv.value.toString()) as KubeObject)
    return StoredObject.written(key, kv.value, kv.modRevision, facets)
  }

  /** Of what was just written and need not be parsed again. */
  static written(key: string, value: Buffer, revision: number, facets: Facets): StoredObject {
    return new StoredObject(key, revision, stamp(value, revision), facets)
  }

  get name(): string {
    return this.key.slice(this.key.indexOf('/') + 1)
  }

  get namespace(): string {
    return this.key.slice(0, Math.max(0, this.key.indexOf('/')))
  }

  /** Parsed once, shared, frozen. */
  get object(): KubeObject {
    this.#object ??= deepFreeze(this.parse())
    return this.#object
  }

  /** A copy that the caller owns. */
  parse(): KubeObject {
    return JSON.parse(this.json.toString()) as KubeObject
  }

  /** The JSON from `"metadata"` on: a list's items state no kind (what Go's typed lists give). */
  get untyped(): Buffer {
    return this.json.subarray(this.#stampedAt.metadata)
  }

  /**
   * The same content under another resourceVersion: the last state of an object that was deleted at
   * `revision`.
   */
  restamped(revision: number): StoredObject {
    const from = this.#stampedAt.version
    const to = this.json.indexOf(quote, from)
    const json = Buffer.concat([
      this.json.subarray(0, from),
      Buffer.from(String(revision)),
      this.json.subarray(to),
    ])
    return new StoredObject(this.key, revision, { json, at: this.#stampedAt }, this)
  }
}

const opening = Buffer.from('"metadata":{')
const versionKey = '"resourceVersion":"'
const quote = 0x22
const closingBrace = 0x7d
const newline = 0x0a

/** Go's order of the fields of ObjectMeta. */
const metadataFields = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const

/** Metadata in Go's order. */
function orderedMetadata(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const ordered = Object.fromEntries(metadataFields.map((field) => [field, metadata[field]]))
  return { ...ordered, ...metadata }
}

/**
 * An object as it is stored: type first, then metadata without a resourceVersion, as upstream
 * writes it.
 */
export function encodeStored(object: KubeObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object
  const { resourceVersion: _resourceVersion, ...meta } = orderedMetadata(metadata)
  return Buffer.from(JSON.stringify({ kind, apiVersion, metadata: meta, ...rest }))
}

/** JSON with a resourceVersion, and where in it metadata and the version's text begin. */
interface Stamped {
  readonly json: Buffer
  readonly at: { readonly metadata: number; readonly version: number }
}

/** Puts the resourceVersion into stored JSON, without parsing it where it is ordered as we write it. */
function stamp(value: Buffer, revision: number): Stamped {
  const at = value.indexOf(opening)
  const isOurs = at >= 0 && isTypeOnly(value.toString('latin1', 0, at))
  if (isOurs) return stampAt(value, at, revision)
  const ordered = encodeStored(JSON.parse(value.toString()) as KubeObject)
  return stampAt(ordered, ordered.indexOf(opening), revision)
}

/** Names and uids have no quotes, and together fewer bytes than this. */
const identityBytesMax = 1024

/** What stands before the resourceVersion in Go's order. */
const identity = /^(?:"(?:name|generateName|namespace|selfLink|uid)":"[^"]*",?)*/

function stampAt(value: Buffer, metadata: number, revision: number): Stamped {
  // A dry run's new object was never written: it has no version.
  if (revision === 0) return { json: value, at: { metadata, version: 0 } }
  const from = metadata + opening.length
  const [before] = identity.exec(value.toString('latin1', from, from + identityBytesMax))!
  const at = from + before.length
  const isLast = before !== '' && !before.endsWith(',')
  const isAlone = before === '' && value[from] === closingBrace
  const text = `${isLast ? ',' : ''}${versionKey}${revision}"${isLast || isAlone ? '' : ','}`
  const end = value.at(-1) === newline ? value.length - 1 : value.length
  const json = Buffer.allocUnsafeSlow(end + text.length)
  value.copy(json, 0, 0, at)
  json.write(text, at, 'latin1')
  value.copy(json, at + text.length, at, end)
  const version = at + (isLast ? 1 : 0) + versionKey.length
  return { json, at: { metadata, version } }
}

function isTypeOnly(head: string): boolean {
  return /^\{(?:"(?:kind|apiVersion)":"[^"]*",){2}$/.test(head)
}
