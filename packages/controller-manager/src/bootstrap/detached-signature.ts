import { createHmac } from 'node:crypto'

/**
 * A JWS (RFC 7515, HS256) with its payload left out: `header..signature`. Who knows the token can check that
 * cluster-info was not changed (cluster-bootstrap/token/jws).
 */
export function detachedSignature(content: string, tokenId: string, tokenSecret: string): string {
  const header = base64Url(JSON.stringify({ alg: 'HS256', kid: tokenId }))
  const signature = createHmac('sha256', tokenSecret)
    .update(`${header}.${base64Url(content)}`)
    .digest('base64url')
  return `${header}..${signature}`
}

function base64Url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
