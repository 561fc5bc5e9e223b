import { request } from 'node:https'
import type { TestServer } from './test-server.ts'

export interface RawAnswer {
  readonly code: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly bytes: Buffer
}

export interface RawRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly anonymous?: boolean
}

export type Ask = (path: string, asked?: RawRequest) => Promise<RawAnswer>

/** Sends what curl would, and shows what came back as it came. */
export function rawClient(server: TestServer, identity: { cert: string; key: string }): Ask {
  return (path, { method = 'GET', body = '', ...more } = {}) =>
    new Promise((resolve, reject) => {
      const asked = request({
        host: '127.0.0.1',
        port: server.running.restPort,
        path,
        method,
        headers: { 'content-length': Buffer.byteLength(body), ...more.headers },
        agent: false,
        rejectUnauthorized: false,
        ...(more.anonymous !== true && identity),
      })
      asked.on('error', reject)
      asked.on('response', (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () => {
          const bytes = Buffer.concat(pieces)
          const { statusCode: code = 0, headers } = response
          resolve({ code, headers, body: bytes.toString(), bytes })
        })
      })
      asked.end(body)
    })
}
