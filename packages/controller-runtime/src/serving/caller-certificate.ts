import { X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface CertifiedUser {
  readonly username: string
  readonly groups: readonly string[]
}

/** The authorities of a component's callers, as PEM bundles, and how front proxies name whom they speak for. */
export interface CallerAuthorities {
  readonly clientCa: string | undefined
  readonly proxyCa: string | undefined
  /** Common names that a front proxy may have; none: any. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
}

/** Who a client certificate speaks for: a front proxy for the user in its headers, anybody else for themselves. */
export function userOfCertificate(
  certificate: Buffer,
  headers: IncomingHttpHeaders,
  authorities: CallerAuthorities,
): CertifiedUser | undefined {
  const caller = new X509Certificate(certificate)
  const subject = subjectOf(caller)
  if (issuedBy(caller, authorities.proxyCa) && mayProxy(subject, authorities)) {
    const username = headerValues(headers, authorities.usernameHeaders)[0]
    if (username !== undefined)
      return { username, groups: headerValues(headers, authorities.groupHeaders) }
  }
  const [username] = subject.get('CN') ?? []
  if (username === undefined || !issuedBy(caller, authorities.clientCa)) return undefined
  return { username, groups: subject.get('O') ?? [] }
}

function mayProxy(
  subject: ReadonlyMap<string, string[]>,
  { allowedNames }: CallerAuthorities,
): boolean {
  return allowedNames.length === 0 || allowedNames.includes(subject.get('CN')?.[0] ?? '')
}

function issuedBy(caller: X509Certificate, bundle: string | undefined): boolean {
  const texts = bundle?.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  return texts.some((text) => {
    const authority = new X509Certificate(text)
    return caller.checkIssued(authority) && caller.verify(authority.publicKey)
  })
}

/** Node writes a subject as one `KEY=value` a line. */
function subjectOf({ subject }: X509Certificate): Map<string, string[]> {
  const parts = new Map<string, string[]>()
  for (const line of subject.split('\n')) {
    const at = line.indexOf('=')
    const key = line.slice(0, at)
    parts.set(key, [...(parts.get(key) ?? []), line.slice(at + 1)])
  }
  return parts
}

function headerValues(headers: IncomingHttpHeaders, names: readonly string[]): string[] {
  for (const name of names) {
    const value = headers[name.toLowerCase()]
    // Node joins a header that came several times with commas.
    const values = (Array.isArray(value) ? value : (value ?? '').split(',')).map((v) => v.trim())
    const given = values.filter((v) => v !== '')
    if (given.length > 0) return given
  }
  return []
}
