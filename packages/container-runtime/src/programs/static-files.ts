import { createReadStream, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'

const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.gif': 'image/gif',
  '.html': 'text/html',
  '.htm': 'text/html',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.wasm': 'application/wasm',
  '.xml': 'text/xml',
}

/** What a URL path means below a document root. */
export type FoundFile =
  | { readonly kind: 'file'; readonly path: string; readonly stat: Stats }
  | { readonly kind: 'directory'; readonly path: string }
  /** A directory without its slash: the client is sent to the path with it. */
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'badPath' }

export function findFile(root: string, urlPath: string, indexes: readonly string[]): FoundFile {
  const decoded = decode(urlPath)
  if (decoded === undefined || decoded.includes('\0')) return { kind: 'badPath' }
  // normalize of an absolute path cannot climb above its root.
  const path = join(root, normalize(`/${decoded}`))
  const stat = statOf(path)
  if (!stat) return { kind: 'missing' }
  if (!stat.isDirectory())
    return decoded.endsWith('/') ? { kind: 'missing' } : { kind: 'file', path, stat }
  if (!decoded.endsWith('/')) return { kind: 'redirect', location: `${urlPath}/` }
  for (const name of indexes) {
    const index = join(path, name)
    const found = statOf(index)
    if (found?.isFile()) return { kind: 'file', path: index, stat: found }
  }
  return { kind: 'directory', path }
}

/** A path that leads through a file, is too long, goes round in circles or may not be entered leads nowhere. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function decode(urlPath: string): string | undefined {
  try {
    return decodeURIComponent(urlPath)
  } catch {
    return undefined // RFC 3986: a percent sign that encodes nothing
  }
}

/** Answers GET and HEAD with a file, or 304 to a client that has it already (RFC 9110, 13.1). */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path, stat }: { readonly path: string; readonly stat: Stats },
  defaultType = 'application/octet-stream',
): void {
  const mtimeSeconds = Math.floor(stat.mtimeMs / 1000)
  const etag = `"${mtimeSeconds.toString(16)}-${stat.size.toString(16)}"`
  response.setHeader('Last-Modified', new Date(mtimeSeconds * 1000).toUTCString())
  response.setHeader('ETag', etag)
  if (isFresh(request, etag, mtimeSeconds)) {
    response.writeHead(304).end()
    return
  }
  response.writeHead(200, {
    'Content-Type': mediaTypes[extname(path).toLowerCase()] ?? defaultType,
    'Content-Length': stat.size,
  })
  if (request.method === 'HEAD') response.end()
  else
    createReadStream(path)
      .on('error', (error) => response.destroy(error))
      .pipe(response)
}

function isFresh({ headers }: IncomingMessage, etag: string, mtimeSeconds: number): boolean {
  const match = headers['if-none-match']
  if (match !== undefined)
    return match === '*' || match.split(/\s*,\s*/).some((tag) => tag.replace(/^W\//, '') === etag)
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && mtimeSeconds * 1000 <= since
}

/** Sends a whole text with its length. */
export function sendText(
  response: ServerResponse,
  code: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(code, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}
