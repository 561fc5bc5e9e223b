import { X509Certificate } from 'node:crypto'

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

/** What is wrong with a certificate request in base64 of PEM; undefined if it looks like one. */
export function requestComplaint(base64: string): string | undefined {
  const [block] = pemBlocks(base64)
  if (!block || block.type !== 'CERTIFICATE REQUEST')
    return 'PEM block type must be CERTIFICATE REQUEST'
  return isOneSequence(block.body) ? undefined : "asn1: structure error: tags don't match"
}

/** DER: a SEQUENCE that reaches exactly to the end. */
function isOneSequence(der: Buffer): boolean {
  if (der.length < 2 || der[0] !== 0x30) return false
  const first = der[1]!
  if (first < 0x80) return der.length === 2 + first
  const lengthBytes = first & 0x7f
  if (lengthBytes === 0 || lengthBytes > 4 || der.length < 2 + lengthBytes) return false
  return der.length === 2 + lengthBytes + der.readUIntBE(2, lengthBytes)
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
