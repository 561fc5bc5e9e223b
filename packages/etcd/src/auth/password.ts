import type { Random } from '@kemu/base'

/**
 * Passwords are kept as scrypt digests (docs/adr/0016): `scrypt$<cost>$<salt>$<digest>`, salt and digest in base64.
 * Loaded when the first password comes.
 */
const digestBytes = 32
const saltBytes = 16
const prefix = 'scrypt'
/** Digests of the first format name no cost; it was this. */
const firstCost = 10

export async function hashPassword(
  password: string,
  cost: number,
  random: Random,
): Promise<string> {
  const salt = random.bytes(saltBytes)
  const digest = await scryptDigest(password, salt, cost)
  return [prefix, cost, salt.toString('base64'), digest.toString('base64')].join('$')
}

export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [kind, ...rest] = stored.split('$')
  const digest = rest.pop()
  const salt = rest.pop()
  if (kind !== prefix || salt === undefined || digest === undefined) return false
  const { timingSafeEqual } = await import('node:crypto')
  const cost = Number(rest[0] ?? firstCost)
  const found = await scryptDigest(password, Buffer.from(salt, 'base64'), cost)
  return timingSafeEqual(found, Buffer.from(digest, 'base64'))
}

/** One more doubles the time, as with bcrypt; at 10 both take some 50 ms. Past that the memory does not grow. */
async function scryptDigest(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  const { scrypt } = await import('node:crypto')
  const N = 2 ** Math.min(cost + 4, 14)
  const p = 2 ** Math.max(0, cost - 10)
  const r = 8
  const maxmem = 128 * r * (N + p + 2)
  return new Promise((resolve, reject) => {
    scrypt(password, salt, digestBytes, { N, r, p, maxmem }, (error, digest) =>
      error ? reject(error) : resolve(digest),
    )
  })
}
