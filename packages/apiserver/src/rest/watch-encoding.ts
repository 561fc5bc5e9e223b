import { apiVersionOf } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { WatchItem } from '../cache/watcher.ts'
import type { Writing } from './json-encoding.ts'
import { partialMetadata, TableWriter } from './table.ts'

const heads = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
} as const
const tail = Buffer.from('}\n')

/** Writes the items of one watch in the form that its client accepts. */
export interface WatchEncoder {
  encode(items: readonly WatchItem[], nowMs: number): Buffer
}

/** As JSON lines. */
export class JsonWatchEncoder implements WatchEncoder {
  readonly #definition: KindDefinition
  readonly #writing: Writing
  #columnsSent = false

  constructor(definition: KindDefinition, writing: Writing) {
    this.#definition = definition
    this.#writing = writing
  }

  encode(items: readonly WatchItem[], nowMs: number): Buffer {
    return Buffer.concat(items.flatMap((item) => this.#line(item, nowMs)))
  }

  #line(item: WatchItem, nowMs: number): Buffer[] {
    switch (item.type) {
      case 'BOOKMARK':
        return [Buffer.from(`{"type":"BOOKMARK","object":${this.#bookmark(item, nowMs)}}\n`)]
      case 'ERROR':
        return [Buffer.from(`{"type":"ERROR","object":${JSON.stringify(item.error.status)}}\n`)]
      default:
        return [heads[item.type], this.#object(item.object, nowMs), tail]
    }
  }

  #object(object: Extract<WatchItem, { object: unknown }>['object'], nowMs: number): Buffer {
    const { as, version } = this.#writing
    if (as === 'table') {
      const table = this.#table(nowMs)
      const head = table.head({ resourceVersion: String(object.revision) }, !this.#columnsSent)
      this.#columnsSent = true
      return Buffer.from(`${head}${table.row(object)}]}`)
    }
    if (as === 'metadata') return Buffer.from(partialMetadata(object.object, version))
    return object.json
  }

  #bookmark(item: Bookmark, nowMs: number): string {
    const bookmark = bookmarkOf(item, this.#definition)
    const { as, version } = this.#writing
    if (as === 'metadata') return partialMetadata(bookmark, version)
    if (as !== 'table') return JSON.stringify(bookmark)
    const columns = !this.#columnsSent
    this.#columnsSent = true
    const table = this.#table(nowMs)
    const head = table.head({ resourceVersion: String(item.revision) }, columns)
    return `${head}${table.row(bookmark)}]}`
  }

  #table(nowMs: number): TableWriter {
    const { include, version } = this.#writing
    return new TableWriter(this.#definition.table, include, version, nowMs)
  }
}

type Bookmark = Extract<WatchItem, { type: 'BOOKMARK' }>

/** An object of the kind that has nothing but a resourceVersion. */
export function bookmarkOf(
  { revision, initialEventsEnd }: Bookmark,
  { type }: KindDefinition,
): KubeObject {
  const metadata = bookmarkMetadata(revision, initialEventsEnd) as KubeObject['metadata']
  return { kind: type.kind, apiVersion: apiVersionOf(type), metadata }
}

/**
 * Metadata of a bookmark; the annotation marks the end of what sendInitialEvents asked for
 * (KEP-3157).
 */
export function bookmarkMetadata(revision: number, initialEventsEnd: boolean): object {
  return {
    resourceVersion: String(revision),
    ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
  }
}
