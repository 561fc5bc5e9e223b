import { apiVersionOf } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import { StoredObject } from '../cache/stored-object.ts'
import type { AnswerObject } from '../request/api-response.ts'
import type { ListPage } from '../registry/list-page.ts'
import { partialMetadata, TableWriter } from './table.ts'
import type { IncludeObject } from './table.ts'
import type { Presentation } from './media-type.ts'

/** How answers of one request are written. */
export interface Writing extends Presentation {
  readonly include: IncludeObject
  readonly nowMs: number
  /** The client takes gzip. */
  readonly gzip: boolean
}

export function encodeObject(
  object: AnswerObject,
  definition: KindDefinition | undefined,
  writing: Writing,
): Buffer {
  if (definition && writing.as === 'table') {
    const table = new TableWriter(definition.table, writing.include, writing.version, writing.nowMs)
    const version = resourceVersionOf(object)
    const metadata = version === '' ? {} : { resourceVersion: version }
    return Buffer.from(`${table.head(metadata, true)}${table.row(object)}]}\n`)
  }
  if (writing.as === 'metadata') {
    return Buffer.from(`${partialMetadata(parsed(object), writing.version)}\n`)
  }
  if (object instanceof StoredObject) return Buffer.concat([object.json, newline])
  return Buffer.from(`${JSON.stringify(object)}\n`)
}

const newline = Buffer.from('\n')
const comma = Buffer.from(',')
const openingBrace = Buffer.from('{')

/** A list in pieces of about this size, so that a large one is never in memory twice. */
const pieceBytes = 64 * 1024

/** The text of a list, piece by piece. */
export function* encodeList(
  page: ListPage,
  definition: KindDefinition,
  writing: Writing,
): Generator<Buffer> {
  const { items } = page
  const metadata = listMetadata(page)
  if (writing.as === 'table') {
    const table = new TableWriter(definition.table, writing.include, writing.version, writing.nowMs)
    const rows = inOrderOf(definition, items)
    yield* joinRows(table.head(metadata, true), rows, (item) => Buffer.from(table.row(item)))
  } else if (writing.as === 'metadataList') {
    const head = `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${writing.version}","metadata":${JSON.stringify(metadata)},"items":[`
    yield* joinRows(head, items, (item) =>
      Buffer.from(partialMetadata(item.object, writing.version)),
    )
  } else {
    const { type } = definition
    const head = `{"kind":"${type.kind}List","apiVersion":"${apiVersionOf(type)}","metadata":${JSON.stringify(metadata)},"items":[`
    yield* joinRows(head, items, untypedItem)
  }
}

function inOrderOf(
  { table }: KindDefinition,
  items: readonly StoredObject[],
): readonly StoredObject[] {
  if (!table.compare) return items
  return items.toSorted((a, b) => table.compare!(a.object, b.object))
}

function untypedItem(item: StoredObject): Buffer {
  return Buffer.concat([openingBrace, item.untyped])
}

function* joinRows(
  head: string,
  items: readonly StoredObject[],
  encode: (item: StoredObject) => Buffer,
): Generator<Buffer> {
  let pieces: Buffer[] = [Buffer.from(head)]
  let size = 0
  for (const [i, item] of items.entries()) {
    if (i > 0) pieces.push(comma)
    const encoded = encode(item)
    pieces.push(encoded)
    size += encoded.length
    if (size < pieceBytes) continue
    yield Buffer.concat(pieces)
    pieces = []
    size = 0
  }
  pieces.push(Buffer.from(']}\n'))
  yield Buffer.concat(pieces)
}

export function listMetadata(page: ListPage): object {
  const { resourceVersion, remainingItemCount } = page
  return {
    resourceVersion,
    ...(page.continue !== '' && { continue: page.continue }),
    ...(remainingItemCount !== undefined && { remainingItemCount }),
  }
}

function resourceVersionOf(object: AnswerObject): string {
  return parsed(object).metadata.resourceVersion ?? ''
}

export function parsed(object: AnswerObject): KubeObject {
  return object instanceof StoredObject ? object.object : object
}
