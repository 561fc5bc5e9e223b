import { readFileSync } from 'node:fs'
import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { FlagError } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { etcdError } from '../errors.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { AuthStore, Identity } from './auth-store.ts'
import type { JwtMethod, TokenConfig } from './token-config.ts'
import type { Tokens } from './tokens.ts'

type JwtConfig = Extract<TokenConfig, { kind: 'jwt' }>

interface Keys {
  readonly privateKey: KeyObject | undefined
  readonly publicKey: KeyObject
}

/**
 * Tokens that say themselves who somebody is, signed (RFC 7519): no member keeps them. They hold the revision of the
 * rules, and are refused with `revision of auth store is old` once the rules have changed.
 */
export class JsonWebTokens implements Tokens {
  readonly isReplicated = false
  readonly #clock: Clock
  readonly #config: JwtConfig
  readonly #signer: Signer

  /** Throws a FlagError when the keys are missing, or not of the method's kind. */
  constructor(config: JwtConfig, clock: Clock) {
    this.#clock = clock
    this.#config = config
    this.#signer = signerFor(config)
  }

  issue(user: string, { revision }: AuthStore): string {
    const { signMethod: alg, ttlMs } = this.#config
    const exp = Math.floor((this.#clock.now() + ttlMs) / 1000)
    const head = encode({ alg, typ: 'JWT' })
    const body = `${head}.${encode({ exp, revision, username: user })}`
    return `${body}.${this.#signer.sign(Buffer.from(body)).toString('base64url')}`
  }

  identify(token: string): Identity {
    const [head = '', body = '', signature = '', ...rest] = token.split('.')
    const header = decode(head)
    const claims = decode(body)
    const isSigned =
      rest.length === 0 &&
      header?.['alg'] === this.#config.signMethod &&
      this.#signer.verify(Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url'))
    if (!isSigned || !claims || this.#isOver(claims)) throw etcdError('invalidAuthToken')
    const { username, revision } = claims
    if (typeof username !== 'string' || typeof revision !== 'number') {
      throw etcdError('invalidAuthToken')
    }
    return { user: username, authRevision: revision }
  }

  #isOver({ exp }: Record<string, unknown>): boolean {
    return exp !== undefined && (typeof exp !== 'number' || exp * 1000 <= this.#clock.now())
  }
}

interface Signer {
  sign(data: Buffer): Buffer
  verify(data: Buffer, signature: Buffer): boolean
}

function signerFor({ signMethod, privateKeyFile, publicKeyFile }: JwtConfig): Signer {
  const hash = `sha${signMethod.slice(2)}`
  if (signMethod.startsWith('HS')) {
    if (privateKeyFile === undefined) throw missingKey()
    return hmacSigner(hash, readKey(privateKeyFile))
  }
  const keys = readKeys(signMethod, privateKeyFile, publicKeyFile)
  const options = optionsOf(signMethod)
  const algorithm = signMethod === 'EdDSA' ? null : hash
  return {
    sign(data) {
      if (!keys.privateKey) throw verifyOnly()
      return sign(algorithm, data, { key: keys.privateKey, ...options })
    },
    verify: (data, signature) =>
      verify(algorithm, data, { key: keys.publicKey, ...options }, signature),
  }
}

function hmacSigner(hash: string, secret: Buffer): Signer {
  const digest = (data: Buffer): Buffer => createHmac(hash, secret).update(data).digest()
  return {
    sign: digest,
    verify(data, signature) {
      const wanted = digest(data)
      return wanted.length === signature.length && timingSafeEqual(wanted, signature)
    },
  }
}

/** RFC 7518: PS* pads with PSS and a salt as long as the digest; ES* is r and s side by side (section 3.4). */
function optionsOf(method: JwtMethod) {
  if (method.startsWith('PS')) {
    return {
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }
  }
  return method.startsWith('ES') ? ({ dsaEncoding: 'ieee-p1363' } as const) : {}
}

function readKeys(
  method: JwtMethod,
  privateKeyFile: string | undefined,
  publicKeyFile: string | undefined,
): Keys {
  const privateKey =
    privateKeyFile === undefined ? undefined : parse(privateKeyFile, createPrivateKey)
  const given = publicKeyFile === undefined ? undefined : parse(publicKeyFile, createPublicKey)
  const own = privateKey && createPublicKey(privateKey)
  if (own && given && !own.equals(given)) {
    throw new FlagError('--auth-token: auth: public and private keys do not match')
  }
  const publicKey = given ?? own
  if (!publicKey) throw missingKey()
  const kind = method === 'EdDSA' ? 'ed25519' : method.startsWith('ES') ? 'ec' : 'rsa'
  if (publicKey.asymmetricKeyType !== kind) {
    throw new FlagError(`--auth-token: ${method} needs a key of the kind ${kind}`)
  }
  return { privateKey, publicKey }
}

function parse(file: string, read: (pem: Buffer) => KeyObject): KeyObject {
  try {
    return read(readKey(file))
  } catch (error) {
    if (error instanceof FlagError) throw error
    throw new FlagError(`--auth-token: ${file} holds no key: ${String(error)}`)
  }
}

function readKey(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new FlagError(`--auth-token: cannot read ${file}: ${String(error)}`)
  }
}

function missingKey(): FlagError {
  return new FlagError('--auth-token: auth: missing key data')
}

function verifyOnly(): GrpcError {
  return new GrpcError(code.UNKNOWN, 'auth: token signing attempted with verify-only key')
}

function encode(value: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
