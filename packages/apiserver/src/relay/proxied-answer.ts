import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { deflateRaw, gunzip, gzip, inflateRaw } from 'node:zlib'
import { statusError } from '@kemu/api'
import type { ConnectTarget } from '../request/api-response.ts'
import { rewriteAddress, rewriteLinks } from './page-links.ts'

interface Coding {
  readonly decode: (body: Buffer) => Promise<Buffer>
  readonly encode: (body: Buffer) => Promise<Buffer>
}

const codings: Readonly<Record<string, Coding>> = {
  '': { decode: async (body) => body, encode: async (body) => body },
  gzip: { decode: promisify<Buffer, Buffer>(gunzip), encode: promisify<Buffer, Buffer>(gzip) },
  deflate: {
    decode: promisify<Buffer, Buffer>(inflateRaw),
    encode: promisify<Buffer, Buffer>(deflateRaw),
  },
}

/** Permissions for pages of other origins are the server's to give, not a pod's. */
const crossOriginHeaders = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]

/** The path under which what stands behind `proxy` is served, without a slash at its end. */
function prefixOf(message: IncomingMessage, target: ConnectTarget): string {
  const asked = pathOf(message.url ?? '/')
  const inside = pathOf(target.path)
  return (asked.endsWith(inside) ? asked.slice(0, -inside.length) : asked).replace(/\/$/, '')
}

function pathOf(address: string): string {
  return address.split('?', 1)[0]!
}

/** What a proxied server is told besides the client's own headers. */
export function forwardingHeaders(
  message: IncomingMessage,
  target: ConnectTarget,
): IncomingHttpHeaders {
  const before = message.headers['x-forwarded-for']
  const client = (message.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  return {
    host: message.headers.host ?? '',
    'x-forwarded-for': before === undefined ? client : `${String(before)}, ${client}`,
    'x-forwarded-uri': prefixOf(message, target) + pathOf(target.path),
  }
}

/** A proxied server's headers as they read from outside. */
export function proxiedHeaders(
  headers: IncomingHttpHeaders,
  message: IncomingMessage,
  target: ConnectTarget,
): IncomingHttpHeaders {
  const result = { ...headers }
  for (const name of crossOriginHeaders) delete result[name]
  if (result.location) result.location = rewriterOf(message, target)(result.location)
  return result
}

/** Whether links in an answer have to be rewritten: pages in a coding that is understood. */
export function isPage({ method }: ConnectTarget, { headers }: IncomingMessage): boolean {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim()
  if (method === 'HEAD' || type !== 'text/html' || headers.location) return false
  return codings[headers['content-encoding'] ?? ''] !== undefined
}

/**
 * A page whose links lead through the proxy, in the coding in which it came.
 *
 * @throws InternalError when the page is not in the coding that its headers name.
 */
export async function pageFromOutside(
  answer: IncomingMessage,
  message: IncomingMessage,
  target: ConnectTarget,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const part of answer as AsyncIterable<Buffer>) pieces.push(part)
  const { decode, encode } = codings[answer.headers['content-encoding'] ?? '']!
  // Bytes as letters: a page in any alphabet comes out as it went in.
  const page = await decode(Buffer.concat(pieces)).catch((error: Error) => {
    throw statusError('InternalError', `Internal error occurred: ${error.message}`)
  })
  const changed = rewriteLinks(page.toString('latin1'), rewriterOf(message, target))
  return encode(Buffer.from(changed, 'latin1'))
}

function rewriterOf(message: IncomingMessage, target: ConnectTarget): (address: string) => string {
  const place = {
    prefix: prefixOf(message, target),
    targetHost: `${target.host}:${target.port}`,
    requestHost: message.headers.host ?? '',
  }
  return (address) => rewriteAddress(address, place)
}
