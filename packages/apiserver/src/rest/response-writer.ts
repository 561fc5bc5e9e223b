import type { ServerResponse } from 'node:http'
import { parseApiVersion } from '@kemu/api'
import type { Status } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'
import type { Clock } from '@kemu/base'
import type { Watcher } from '../cache/watcher.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { contentEncoded } from './compression.ts'
import { encodeList, encodeObject, parsed } from './json-encoding.ts'
import type { Writing } from './json-encoding.ts'
import { mediaTypes } from './media-type.ts'
import { checkForm } from './object-form.ts'
import { JsonWatchEncoder } from './watch-encoding.ts'
import type { WatchEncoder } from './watch-encoding.ts'

/** Loaded when a client first asks for protobuf: it needs the schema of all types. */
const protobuf = (): Promise<typeof import('./protobuf-encoding.ts')> =>
  import('./protobuf-encoding.ts')

/** Events that are written at once. */
const watchBatch = 500

/** What of the client's wishes concerns every answer. */
export type StatusWriting = Pick<Writing, 'encoding' | 'pretty' | 'gzip'>

/** Writes answers of the stages to one HTTP response. */
export class ResponseWriter {
  readonly #response: ServerResponse
  readonly #clock: Clock

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response
    this.#clock = clock
  }

  async write(
    answer: Exclude<ApiResponse, { form: 'connect' }>,
    writing: Writing,
    warnings: readonly string[],
  ): Promise<void> {
    this.#setWarnings(warnings)
    switch (answer.form) {
      case 'object':
        return this.#object(answer, writing)
      case 'status':
        return this.#end(answer.code, await statusBody(answer.status, writing), writing)
      case 'list':
        return this.#list(answer, writing)
      case 'watch':
        return this.#watch(answer, writing)
      case 'bytes': {
        const { code, contentType, body, headers = {} } = answer
        this.#response.writeHead(code, {
          ...headers,
          'Content-Type': contentType,
          'Content-Length': body.length,
        })
        this.#response.end(body)
      }
    }
  }

  /** A refusal; undefined writing where the client accepts no form of it. */
  async writeStatus(
    status: Status,
    writing: StatusWriting | undefined,
    warnings: readonly string[],
  ): Promise<void> {
    const response = this.#response
    if (response.headersSent) {
      response.destroy()
      return
    }
    this.#setWarnings(warnings)
    const retryAfter = status.details?.retryAfterSeconds
    if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter))
    // As the authorization filter does (responsewriters.Forbidden).
    if (status.code === 403) response.setHeader('X-Content-Type-Options', 'nosniff')
    // WriteRawJSON indents.
    const form = writing ?? { encoding: 'json', pretty: true, gzip: false }
    await this.#end(status.code ?? 500, await statusBody(status, form), form)
  }

  writeText(code: number, text: string): void {
    const body = Buffer.from(`${text}\n`)
    this.#response.writeHead(code, {
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      'Content-Length': body.length,
    })
    this.#response.end(body)
  }

  async #object(
    { code, object, entry }: Extract<ApiResponse, { form: 'object' }>,
    writing: Writing,
  ): Promise<void> {
    const { kind, apiVersion } = parsed(object)
    checkForm(writing, { group: parseApiVersion(apiVersion).group, kind }, false)
    const body =
      writing.encoding === 'protobuf'
        ? (await protobuf()).protobufObject(object, writing)
        : await present(encodeObject(object, entry?.definition, writing), writing)
    return this.#end(code, body, writing)
  }

  async #end(code: number, content: Buffer, { encoding, gzip }: StatusWriting): Promise<void> {
    const response = this.#response
    const body = await contentEncoded(response, content, gzip)
    response.writeHead(code, {
      'Content-Type': mediaTypes[encoding],
      'Content-Length': body.length,
    })
    response.end(body)
  }

  async #list(
    { page, entry }: Extract<ApiResponse, { form: 'list' }>,
    writing: Writing,
  ): Promise<void> {
    const { definition } = entry
    checkForm(writing, definition.type, true)
    if (writing.encoding === 'protobuf') {
      return this.#end(200, (await protobuf()).protobufList(page, definition, writing), writing)
    }
    const pieces = encodeList(page, definition, writing)
    if (writing.encoding === 'yaml' || writing.pretty || writing.gzip) {
      return this.#end(200, await present(Buffer.concat([...pieces]), writing), writing)
    }
    const first = pieces.next().value as Buffer
    const second = pieces.next()
    if (second.done) return this.#end(200, first, writing)
    const response = this.#response
    response.writeHead(200, { 'Content-Type': mediaTypes.json })
    response.write(first)
    if (!response.write(second.value)) await drained(response)
    for (const piece of pieces) {
      if (!response.write(piece)) await drained(response)
      if (response.destroyed) return
    }
    response.end()
  }

  /** Until the client leaves, the time is over, or the watch ends by itself. */
  async #watch(
    { watcher, entry, timeoutMs }: Extract<ApiResponse, { form: 'watch' }>,
    writing: Writing,
  ): Promise<void> {
    const response = this.#response
    const encoder = await watchEncoder(entry.definition, writing)
    const type = mediaTypes[writing.encoding]
    const contentType = writing.encoding === 'json' ? type : `${type};stream=watch`
    response.writeHead(200, { 'Content-Type': contentType })
    response.flushHeaders()
    const timer = this.#clock.setTimer(timeoutMs, () => watcher.end())
    response.on('close', () => watcher.close())
    try {
      while (!response.destroyed) {
        const items = watcher.take(watchBatch)
        if (items.length > 0) {
          // An event is no list: upstream's encoder fails and lets go of the client.
          if (writing.as === 'metadataList') break
          const bytes = encoder.encode(items, this.#clock.now())
          if (!response.write(bytes)) await drained(response)
        } else if (watcher.ended) break
        else await readiness(watcher)
      }
    } finally {
      timer.cancel()
      watcher.close()
      response.end()
    }
  }

  #setWarnings(warnings: readonly string[]): void {
    if (warnings.length === 0) return
    const values = warnings.map((text) => `299 - ${JSON.stringify(text)}`)
    this.#response.setHeader('Warning', [...new Set(values)])
  }
}

/** Resolves when the watcher has something to take or has ended. */
export function readiness(watcher: Watcher): Promise<void> {
  return new Promise((resolve) => {
    if (watcher.isWaiting || watcher.ended) resolve()
    else watcher.onReady = resolve
  })
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed || !response.writableNeedDrain) return resolve()
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

async function watchEncoder(definition: KindDefinition, writing: Writing): Promise<WatchEncoder> {
  if (writing.encoding !== 'protobuf') return new JsonWatchEncoder(definition, writing)
  const { ProtobufWatchEncoder } = await protobuf()
  return new ProtobufWatchEncoder(definition, writing)
}

async function statusBody(status: Status, writing: StatusWriting): Promise<Buffer> {
  if (writing.encoding === 'protobuf') return (await protobuf()).protobufStatus(status)
  return present(Buffer.from(`${JSON.stringify(status)}\n`), writing)
}

async function present(json: Buffer, { encoding, pretty }: StatusWriting): Promise<Buffer> {
  if (encoding === 'json' && !pretty) return json
  const value: unknown = JSON.parse(json.toString())
  if (encoding === 'json') return Buffer.from(JSON.stringify(value, null, 2))
  const { formatYaml } = await import('@kemu/api/yaml')
  return Buffer.from(formatYaml(value))
}
