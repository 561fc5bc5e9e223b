import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { parseCidr, parseIp } from '../../validation/ip.ts'
import type { IpAddress } from '../../validation/ip.ts'
import type { RequestContext } from '../kind-definition.ts'

/**
 * What traffic may be sent to: no address that means something on each host by itself (ValidateEndpointIP). The one
 * relaxation is the loopback range that a cluster on the loopback driver lives in.
 */
export function validateEndpointIp(
  text: string,
  path: FieldPath,
  { podLoopbackRange }: Pick<RequestContext, 'podLoopbackRange'>,
): FieldError[] {
  const ip = parseIp(text)
  if (!ip) return [fieldInvalid(path, text, 'must be a valid IP address')]
  const complaints: string[] = []
  if (ip.bytes.every((byte) => byte === 0)) complaints.push(`may not be unspecified (${text})`)
  if (isLoopback(ip) && !isWithin(ip, podLoopbackRange))
    complaints.push('may not be in the loopback range (127.0.0.0/8, ::1/128)')
  if (isLinkLocal(ip))
    complaints.push('may not be in the link-local range (169.254.0.0/16, fe80::/10)')
  if (isLinkLocalMulticast(ip))
    complaints.push('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')
  return complaints.map((complaint) => fieldInvalid(path, text, complaint))
}

function isLoopback({ family, bytes }: IpAddress): boolean {
  if (family === 4) return bytes[0] === 127
  return bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1
}

function isLinkLocal({ family, bytes }: IpAddress): boolean {
  if (family === 4) return bytes[0] === 169 && bytes[1] === 254
  return bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80
}

function isLinkLocalMulticast({ family, bytes }: IpAddress): boolean {
  if (family === 4) return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0
  return bytes[0] === 0xff && (bytes[1]! & 0x0f) === 0x02
}

function isWithin({ family, bytes }: IpAddress, range: string | undefined): boolean {
  const cidr = range === undefined ? undefined : parseCidr(range)
  if (!cidr || cidr.address.family !== family) return false
  return bytes.every((byte, i) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, cidr.length - 8 * i))) & 0xff
    return (byte & mask) === (cidr.address.bytes[i]! & mask)
  })
}
