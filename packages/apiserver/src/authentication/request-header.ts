import type { Caller } from '../request/api-request.ts'
import type { UserInfo } from '../request/user-info.ts'
import type { Authenticator } from './authenticator.ts'

export interface RequestHeaderConfig {
  /** --requestheader-allowed-names; empty means any name that the authority signed. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
}

/**
 * A front proxy says who its caller is; believed only with a certificate of the front proxies'
 * authority.
 */
export function requestHeaderAuthenticator(config: RequestHeaderConfig): Authenticator {
  return {
    authenticate(caller: Caller): UserInfo | undefined {
      const { certificate } = caller
      if (certificate?.authority !== 'front-proxy') return undefined
      const { allowedNames } = config
      if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName))
        return undefined
      const name = firstValue(caller, config.usernameHeaders)
      if (name === undefined) return undefined
      return {
        name,
        uid: '',
        groups: config.groupHeaders.flatMap((header) => caller.header(header.toLowerCase())),
        extra: extraOf(caller, config.extraHeaderPrefixes),
      }
    },
  }
}

function firstValue(caller: Caller, headers: readonly string[]): string | undefined {
  for (const header of headers) {
    const value = caller.header(header.toLowerCase()).find((text) => text !== '')
    if (value !== undefined) return value
  }
  return undefined
}

function extraOf(caller: Caller, prefixes: readonly string[]): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {}
  for (const prefix of prefixes.map((text) => text.toLowerCase())) {
    for (const header of caller.headerNames(prefix)) {
      extra[decodeURIComponent(header.slice(prefix.length))] = caller.header(header)
    }
  }
  return extra
}
