import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** Smaller answers are not worth it (defaultGzipThresholdBytes). */
const gzipThresholdBytes = 128 * 1024

/** Upstream's level: the least work (defaultGzipContentEncodingLevel). */
const options = { level: 1 }

const compress = promisify(gzip)

/** Whether an Accept-Encoding names gzip, and without a quality (negotiateContentEncoding). */
export function acceptsGzip(acceptEncoding: string): boolean {
  return acceptEncoding.split(',').some((token) => token.trim() === 'gzip')
}

/** The body as it goes out, with its headers set: compressed where that is wanted and worth it. */
export async function contentEncoded(
  response: ServerResponse,
  body: Buffer,
  wanted: boolean,
): Promise<Buffer> {
  if (!wanted || body.length <= gzipThresholdBytes) return body
  response.setHeader('Content-Encoding', 'gzip')
  response.appendHeader('Vary', 'Accept-Encoding')
  return compress(body, options)
}
