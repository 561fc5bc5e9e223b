import { FlagError, parseDuration } from '@kemu/base'

/** --auth-token: how `Authenticate` says who somebody is. */
export type TokenConfig =
  | { readonly kind: 'simple'; readonly ttlMs: number }
  | {
      readonly kind: 'jwt'
      readonly signMethod: JwtMethod
      readonly privateKeyFile: string | undefined
      readonly publicKeyFile: string | undefined
      readonly ttlMs: number
    }

export type JwtMethod = (typeof jwtMethods)[number]

/** RFC 7518 and RFC 8037. */
export const jwtMethods = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'HS256', 'HS384', 'HS512', 'EdDSA'] as const),
] as const

/** etcd: DefaultTTL in server/auth/options.go. */
const jwtTtlMs = 5 * 60_000
const jwtOptions = ['sign-method', 'priv-key', 'pub-key', 'ttl']

/** Throws a FlagError that says what does not fit. */
export function parseTokenConfig(text: string, simpleTtlSeconds: number): TokenConfig {
  const [kind = '', ...pairs] = text.split(',')
  if (kind === 'simple') {
    if (pairs.length > 0) throw invalid(text)
    if (simpleTtlSeconds <= 0) throw new FlagError('--auth-token-ttl must be > 0')
    return { kind, ttlMs: simpleTtlSeconds * 1000 }
  }
  if (kind !== 'jwt') throw invalid(text)
  const options = new Map(pairs.map((pair) => splitPair(pair, text)))
  for (const name of options.keys()) {
    if (!jwtOptions.includes(name)) throw new FlagError(`--auth-token: unknown JWT option ${name}`)
  }
  const signMethod = jwtMethods.find((method) => method === options.get('sign-method'))
  if (!signMethod) throw new FlagError('--auth-token: auth: invalid auth signature method')
  const ttl = options.get('ttl')
  const ttlMs = ttl === undefined || ttl === '' ? jwtTtlMs : parseDuration(ttl)
  if (ttlMs === undefined) throw invalid(text)
  return {
    kind,
    signMethod,
    privateKeyFile: options.get('priv-key') || undefined,
    publicKeyFile: options.get('pub-key') || undefined,
    ttlMs,
  }
}

function splitPair(pair: string, text: string): [string, string] {
  const at = pair.indexOf('=')
  if (at <= 0) throw invalid(text)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function invalid(text: string): FlagError {
  return new FlagError(`--auth-token: auth: invalid auth options: ${text}`)
}
