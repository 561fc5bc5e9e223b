import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { bits, boolean, children, content, implicit, octets, oid, sequence } from './der.ts'

/** X.509 extensions that clusters use (RFC 5280, 4.2.1). */

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value))
}

export type KeyUsage = 'digitalSignature' | 'keyEncipherment' | 'keyCertSign'
const usageBits: Readonly<Record<KeyUsage, number>> = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
}

export function keyUsage(...usages: readonly KeyUsage[]): Buffer {
  const byte = usages.reduce((sum, usage) => sum | usageBits[usage], 0)
  const unused = Math.clz32(byte & -byte) ^ 31
  return extension('2.5.29.15', bits(Buffer.from([byte]), unused), true)
}

export const extendedKeyUsage = (ids: readonly string[]): Buffer =>
  extension('2.5.29.37', sequence(...ids.map(oid)))

export const basicConstraints = (isAuthority: boolean): Buffer =>
  extension('2.5.29.19', isAuthority ? sequence(boolean(true)) : sequence(), true)

export const subjectKeyIdentifier = (publicKeyInfo: Buffer): Buffer =>
  extension('2.5.29.14', octets(keyIdentifier(publicKeyInfo)))

export const authorityKeyIdentifier = (publicKeyInfo: Buffer): Buffer =>
  extension('2.5.29.35', sequence(implicit(0, keyIdentifier(publicKeyInfo))))

/** SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1). */
function keyIdentifier(publicKeyInfo: Buffer): Buffer {
  const [, key] = children(publicKeyInfo)
  return createHash('sha1').update(content(key!).subarray(1)).digest()
}

/** DNS names and IP addresses that a certificate is for. */
export interface AlternativeNames {
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

/** None where there is no name. */
export function subjectAlternativeNames({
  dnsNames = [],
  ipAddresses = [],
}: AlternativeNames): Buffer[] {
  const names = [
    ...dnsNames.map((name) => implicit(2, Buffer.from(name))),
    ...ipAddresses.map((address) => implicit(7, addressBytes(address))),
  ]
  return names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  if (isIP(address) !== 6) throw new Error(`not an IP address: ${address}`)
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...four) => {
    const [a, b, c, d] = four.slice(0, 4).map(Number) as [number, number, number, number]
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0')
  const all = [...front, ...(tail === undefined ? [] : zeros), ...back]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
