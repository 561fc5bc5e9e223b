import { apiVersionOf } from '@kemu/api'
import type { KubeObject, Status } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import { catalogue } from '@kemu/api/schema'
import type { WatchItem } from '../cache/watcher.ts'
import { sealEnvelope } from '../protobuf/envelope.ts'
import { encodeMessage } from '../protobuf/message-encoder.ts'
import { WireWriter } from '../protobuf/wire-writer.ts'
import type { AnswerObject } from '../request/api-response.ts'
import type { ListPage } from '../registry/list-page.ts'
import { listMetadata, parsed } from './json-encoding.ts'
import type { Writing } from './json-encoding.ts'
import { bookmarkOf } from './watch-encoding.ts'
import type { WatchEncoder } from './watch-encoding.ts'

const metaTypes = 'io.k8s.apimachinery.pkg.apis.meta.v1.'

/** An object, or only its metadata, as `application/vnd.kubernetes.protobuf`. */
export function protobufObject(object: AnswerObject, { as, version }: Writing): Buffer {
  const whole = parsed(object)
  return as === 'object' ? sealed(whole) : sealedMetadata(whole, version)
}

export function protobufList(
  page: ListPage,
  { type, schema }: KindDefinition,
  { as, version }: Writing,
): Buffer {
  const metadata = listMetadata(page)
  const items = page.items.map((item) => item.object)
  if (as === 'object') {
    const list = { metadata, items }
    const message = encodeMessage(catalogue().definition(`${schema}List`), list)
    return sealEnvelope(apiVersionOf(type), `${type.kind}List`, message)
  }
  const parts = items.map((item) => partialMessage('ObjectMeta', item.metadata, []))
  const message = partialMessage('ListMeta', metadata, parts)
  return sealEnvelope(`meta.k8s.io/${version}`, 'PartialObjectMetadataList', message)
}

export function protobufStatus(status: Status): Buffer {
  return sealEnvelope(
    'v1',
    'Status',
    encodeMessage(catalogue().definition(`${metaTypes}Status`), status),
  )
}

/** Frames of length and meta/v1 WatchEvent, each with an object in an envelope of its own. */
export class ProtobufWatchEncoder implements WatchEncoder {
  readonly #definition: KindDefinition
  readonly #writing: Writing

  constructor(definition: KindDefinition, writing: Writing) {
    this.#definition = definition
    this.#writing = writing
  }

  encode(items: readonly WatchItem[]): Buffer {
    return Buffer.concat(items.flatMap((item) => frame(item.type, this.#object(item))))
  }

  #object(item: WatchItem): Buffer {
    switch (item.type) {
      case 'ERROR':
        return protobufStatus(item.error.status)
      case 'BOOKMARK':
        return protobufObject(bookmarkOf(item, this.#definition), this.#writing)
      default:
        return protobufObject(item.object, this.#writing)
    }
  }
}

/** meta/v1 WatchEvent { type = 1, object = 2: RawExtension { raw = 1 } } behind its length. */
function frame(type: string, object: Buffer): Buffer[] {
  const writer = new WireWriter()
  writer.bytes(object)
  writer.field(1, 0)
  writer.field(2, 0)
  const mark = writer.length
  writer.text(type)
  writer.field(1, mark)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(writer.length)
  return [length, writer.finish()]
}

function sealed(object: KubeObject): Buffer {
  const { apiVersion, kind } = object
  const definition = catalogue().definitionOfKind(apiVersion, kind)
  return sealEnvelope(apiVersion, kind, encodeMessage(definition, object))
}

function sealedMetadata({ metadata }: KubeObject, version: string): Buffer {
  const message = partialMessage('ObjectMeta', metadata, [])
  return sealEnvelope(`meta.k8s.io/${version}`, 'PartialObjectMetadata', message)
}

/** PartialObjectMetadata { metadata = 1 } and its list { metadata = 1, items = 2 }. */
function partialMessage(type: string, metadata: object, items: readonly Buffer[]): Buffer {
  const writer = new WireWriter()
  for (const item of items.toReversed()) {
    const mark = writer.length
    writer.bytes(item)
    writer.field(2, mark)
  }
  const mark = writer.length
  writer.bytes(encodeMessage(catalogue().definition(metaTypes + type), metadata))
  writer.field(1, mark)
  return writer.finish()
}
