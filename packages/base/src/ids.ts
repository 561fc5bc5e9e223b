import type { Random } from './random.ts'

/** A random (version 4) UUID, RFC 9562. */
export function uuid(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}

/** The letters of generated names: no vowels and no look-alikes (apimachinery, util/rand). */
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** The random end of a generated name, five letters by default. */
export function nameSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => nameAlphabet[random.int(nameAlphabet.length)]).join('')
}
