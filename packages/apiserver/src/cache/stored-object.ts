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
  /** Where `"metadata":{"resourceVersion":"` starts. */
  readonly #metadataAt: number
  #object: KubeObject | undefined

  private constructor(
    key: string,
    revision: number,
    json: Buffer,
    metadataAt: number,
    facets: Facets,
  ) {
    this.key = key
    this.revision = revision
    this.json = json
    this.#metadataAt = metadataAt
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
    const { json, metadataAt } = stamp(value, revision)
    return new StoredObject(key, revision, json, metadataAt, facets)
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
    return this.json.subarray(this.#metadataAt)
  }

  /**
   * The same content under another resourceVersion: the last state of an object that was deleted at
   * `revision`.
   */
  restamped(revision: number): StoredObject {
    const from = this.#metadataAt + opening.length + versionKey.length
    const to = this.json.indexOf(quote, from)
    const json = Buffer.concat([
      this.json.subarray(0, from),
      Buffer.from(String(revision)),
      this.json.subarray(to),
    ])
    return new StoredObject(this.key, revision, json, this.#metadataAt, this)
  }
}

const opening = '"metadata":{'
const openingBytes = Buffer.from(opening)
const versionKey = '"resourceVersion":"'
const quote = 0x22
const closingBrace = 0x7d
const newline = 0x0a

/**
 * An object as it is stored: type first, then metadata without a resourceVersion, as upstream
 * writes it.
 */
export function encodeStored(object: KubeObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object
  const { resourceVersion: _resourceVersion, ...meta } = metadata ?? {}
  return Buffer.from(JSON.stringify({ kind, apiVersion, metadata: meta, ...rest }))
}

/** Puts the resourceVersion into stored JSON, without parsing it where it is ordered as we write it. */
function stamp(value: Buffer, revision: number): { json: Buffer; metadataAt: number } {
  const metadataAt = value.indexOf(openingBytes)
  const isOurs = metadataAt >= 0 && isTypeOnly(value.toString('latin1', 0, metadataAt))
  if (isOurs) return stampAt(value, metadataAt, revision)
  const ordered = encodeStored(JSON.parse(value.toString()) as KubeObject)
  return stampAt(ordered, ordered.indexOf(openingBytes), revision)
}

function stampAt(
  value: Buffer,
  metadataAt: number,
  revision: number,
): { json: Buffer; metadataAt: number } {
  const from = metadataAt + openingBytes.length
  const separator = value[from] === closingBrace ? '' : ','
  const version = `${versionKey}${revision}"${separator}`
  const end = value.at(-1) === newline ? value.length - 1 : value.length
  const json = Buffer.allocUnsafeSlow(end + version.length)
  value.copy(json, 0, 0, from)
  json.write(version, from, 'latin1')
  value.copy(json, from + version.length, from, end)
  return { json, metadataAt }
}

function isTypeOnly(head: string): boolean {
  return /^\{(?:"(?:kind|apiVersion)":"[^"]*",){2}$/.test(head)
}
