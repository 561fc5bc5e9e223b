import type { Random } from '@kemu/base'

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** `abcdef.0123456789abcdef`: the part before the dot is public, the part behind it secret. */
export interface BootstrapToken {
  readonly id: string
  readonly secret: string
}

export class BadToken extends Error {
  override name = 'BadToken'
}

export function createToken(random: Random): BootstrapToken {
  const letter = (): string => letters[random.int(letters.length)]!
  return {
    id: Array.from({ length: 6 }, letter).join(''),
    secret: Array.from({ length: 16 }, letter).join(''),
  }
}

export function formatToken(token: BootstrapToken): string {
  return `${token.id}.${token.secret}`
}

/** Throws BadToken, which says what a token looks like. */
export function parseToken(text: string): BootstrapToken {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text)
  if (!match) {
    throw new BadToken(
      `the bootstrap token "${text}" is not of the form "[a-z0-9]{6}.[a-z0-9]{16}"; ` +
        'a new one is made by: kemu token create',
    )
  }
  return { id: match[1]!, secret: match[2]! }
}
