import { X509Certificate } from 'node:crypto'
import { signedRequestComplaint } from './signed-request.ts'

interface PemBlock {
  readonly type: string
  readonly hasHeaders: boolean
  readonly body: Buffer
}

const pattern = /-----BEGIN ([^\r\n]*)-----\r?\n([\s\S]*?)-----END \1-----[^\S\n]*(?:\r?\n|$)/g

/** Every block in the text; what stands between them is skipped, as Go's pem.Decode does. */
function pemBlocks(base64: string): PemBlock[] {
  const text = Buffer.from(base64, 'base64').toString('latin1')
  return [...text.matchAll(pattern)].map(([, type = '', content = '']) => ({
    type,
    hasHeaders: content.includes(':'),
    body: Buffer.from(content.replace(/^[^\n]*:[^\n]*\n/gm, ''), 'base64'),
  }))
}

/** What is wrong with a certificate request in base64 of PEM. */
export function requestComplaint(base64: string): string | undefined {
  const [block] = pemBlocks(base64)
  if (!block || block.type !== 'CERTIFICATE REQUEST')
    return 'PEM block type must be CERTIFICATE REQUEST'
  return signedRequestComplaint(block.body)
}

/** What is wrong with a chain of certificates in base64 of PEM; none at all is fine. */
export function certificateComplaint(base64: string): string | undefined {
  if (base64 === '') return undefined
  const blocks = pemBlocks(base64)
  for (const { type, hasHeaders, body } of blocks) {
    if (type !== 'CERTIFICATE')
      return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`
    if (hasHeaders) return 'no PEM block headers are permitted'
    if (!isCertificate(body)) return 'x509: malformed certificate'
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length > 0
  } catch {
    // Node says why in OpenSSL's words, which differ from Go's.
    return false
  }
}
