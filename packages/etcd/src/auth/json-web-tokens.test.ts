import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@kemu/base'
import t from 'tap'
import { temporaryDirectory } from '../testing/test-member.ts'
import { AuthStore } from './auth-store.ts'
import { JsonWebTokens } from './json-web-tokens.ts'
import { parseTokenConfig } from './token-config.ts'

const auth = new AuthStore()
const invalid = { code: 16, message: 'etcdserver: invalid auth token' }

function keyFiles(directory: string, keys: { privateKey: KeyObject; publicKey: KeyObject }) {
  const priv = join(directory, 'priv.pem')
  const pub = join(directory, 'pub.pem')
  writeFileSync(priv, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(pub, keys.publicKey.export({ type: 'spki', format: 'pem' }))
  return { priv, pub }
}

function tokensWith(options: string, nowMs = Date.now()): JsonWebTokens {
  const config = parseTokenConfig(`jwt,${options}`, 300)
  if (config.kind !== 'jwt') throw new Error('not JWT')
  return new JsonWebTokens(config, { ...systemClock, now: () => nowMs })
}

const kinds = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

for (const [method, generate] of Object.entries(kinds)) {
  t.test(`${method}: a token says who somebody is until its time is over`, async (t) => {
    const { priv, pub } = keyFiles(temporaryDirectory(t), generate())
    const tokens = tokensWith(`sign-method=${method},priv-key=${priv},pub-key=${pub},ttl=1m`, 0)
    const token = tokens.issue('alice', auth)
    t.same(tokens.identify(token), { user: 'alice', authRevision: 1 })
    const [head, body, signature] = token.split('.') as [string, string, string]
    const forged = Buffer.from('{"username":"root","revision":1}').toString('base64url')
    t.throws(() => tokens.identify([head, forged, signature].join('.')), invalid)
    t.throws(() => tokens.identify([head, body, ''].join('.')), invalid)
    t.throws(() => tokens.identify('no token'), invalid)
    const later = tokensWith(`sign-method=${method},pub-key=${pub}`, 61_000)
    t.throws(() => later.identify(token), invalid, 'a minute later')
    const verifier = tokensWith(`sign-method=${method},pub-key=${pub}`, 0)
    t.same(verifier.identify(token).user, 'alice', 'the public key is enough to read it')
    t.throws(() => verifier.issue('alice', auth), /verify-only key/)
  })
}

t.test('HS256 signs with a secret, and no other method passes for it', async (t) => {
  const secret = join(temporaryDirectory(t), 'secret')
  writeFileSync(secret, 'a secret of thirty-two bytes here')
  const tokens = tokensWith(`sign-method=HS256,priv-key=${secret}`)
  const token = tokens.issue('alice', auth)
  t.same(tokens.identify(token).user, 'alice')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  t.throws(() => tokens.identify(`${none}.${token.split('.')[1]}.`), invalid)
})

t.test('options that cannot be are refused by name', async (t) => {
  t.throws(() => tokensWith('sign-method=XX'), /invalid auth signature method/)
  t.throws(() => tokensWith('sign-method=RS256'), /missing key data/)
  t.throws(() => tokensWith('sign-method=RS256,color=red'), /unknown JWT option color/)
  t.throws(() => parseTokenConfig('cookie', 300), /invalid auth options: cookie/)
  const directory = temporaryDirectory(t)
  const { priv } = keyFiles(directory, kinds.ES256())
  t.throws(() => tokensWith(`sign-method=RS256,priv-key=${priv}`), /needs a key of the kind rsa/)
})
