import type { Random } from '@kemu/base'

/**
 * Passwords are kept as scrypt digests (node:crypto has no bcrypt): `scrypt$<salt>$<digest>`, both base64. Loaded when
 * the first password comes.
 */
const digestBytes = 32
const saltBytes = 16
const prefix = 'scrypt'

export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = random.bytes(saltBytes)
  const digest = await scryptDigest(password, salt)
  return [prefix, salt.toString('base64'), digest.toString('base64')].join('$')
}

export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [kind, salt, digest] = stored.split('$')
  if (kind !== prefix || salt === undefined || digest === undefined) return false
  const { timingSafeEqual } = await import('node:crypto')
  const found = await scryptDigest(password, Buffer.from(salt, 'base64'))
  return timingSafeEqual(found, Buffer.from(digest, 'base64'))
}

async function scryptDigest(password: string, salt: Buffer): Promise<Buffer> {
  const { scrypt } = await import('node:crypto')
  return new Promise((resolve, reject) => {
    scrypt(password, salt, digestBytes, (error, digest) =>
      error ? reject(error) : resolve(digest),
    )
  })
}
