import type { ServerResponse } from 'node:http'
import type { Status } from '@kemu/api'
import type { Clock } from '@kemu/base'
import type { Watcher } from '../cache/watcher.ts'
import type { ApiResponse } from '../request/api-response.ts'
import { encodeList, encodeObject } from './json-encoding.ts'
import type { Writing } from './json-encoding.ts'
import { WatchEncoder } from './watch-encoding.ts'

const jsonType = 'application/json'
/** Events that are written at once. */
const watchBatch = 500

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
        return this.#end(
          answer.code,
          encodeObject(answer.object, answer.entry?.definition, writing),
          writing,
        )
      case 'status':
        return this.#end(answer.code, jsonLine(answer.status), writing)
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

  async writeStatus(
    status: Status,
    writing: Pick<Writing, 'pretty'>,
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
    const body = await present(jsonLine(status), { ...writing, encoding: 'json' })
    response.writeHead(status.code ?? 500, {
      'Content-Type': jsonType,
      'Content-Length': body.length,
    })
    response.end(body)
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

  async #end(code: number, json: Buffer, writing: Writing): Promise<void> {
    const body = await present(json, writing)
    this.#response.writeHead(code, {
      'Content-Type': writing.encoding === 'yaml' ? 'application/yaml' : jsonType,
      'Content-Length': body.length,
    })
    this.#response.end(body)
  }

  async #list(
    { page, entry }: Extract<ApiResponse, { form: 'list' }>,
    writing: Writing,
  ): Promise<void> {
    const pieces = encodeList(page, entry.definition, writing)
    const first = pieces.next().value as Buffer
    const second = pieces.next()
    if (second.done || writing.encoding === 'yaml' || writing.pretty) {
      const rest = second.done ? [] : [second.value, ...pieces]
      return this.#end(200, Buffer.concat([first, ...rest]), writing)
    }
    const response = this.#response
    response.writeHead(200, { 'Content-Type': jsonType })
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
    const encoder = new WatchEncoder(entry.definition, writing)
    response.writeHead(200, { 'Content-Type': jsonType })
    response.flushHeaders()
    const timer = this.#clock.setTimer(timeoutMs, () => watcher.end())
    response.on('close', () => watcher.close())
    try {
      while (!response.destroyed) {
        const items = watcher.take(watchBatch)
        if (items.length > 0) {
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

function jsonLine(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

async function present(
  json: Buffer,
  { encoding, pretty }: Pick<Writing, 'encoding' | 'pretty'>,
): Promise<Buffer> {
  if (encoding === 'json' && !pretty) return json
  const value: unknown = JSON.parse(json.toString())
  if (encoding === 'json') return Buffer.from(JSON.stringify(value, null, 2))
  const { formatYaml } = await import('@kemu/api/yaml')
  return Buffer.from(formatYaml(value))
}
