import { statusError } from '@kemu/api'
import type { Caller } from '../request/api-request.ts'
import { anonymousUser, authenticatedGroup } from '../request/user-info.ts'
import type { UserInfo } from '../request/user-info.ts'

/**
 * One way to know a caller. Undefined means that it saw nothing of its kind; a value with a wrong
 * signature, or one that
 * expired, throws Unauthorized.
 */
export interface Authenticator {
  authenticate(caller: Caller): Promise<UserInfo | undefined> | UserInfo | undefined
}

/** One way to know a caller by its bearer token; TokenReview asks it too. */
export interface TokenAuthenticator {
  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined>
}

export interface TokenIdentity {
  readonly user: UserInfo
  /**
   * The audiences that the token and the question share; empty where the kind of token has none.
   */
  readonly audiences: readonly string[]
}

/**
 * Asks one after another; nobody known is anonymous, or refused where anonymous callers are not
 * wanted.
 */
export async function authenticate(
  authenticators: readonly Authenticator[],
  caller: Caller,
  anonymousAllowed: boolean,
): Promise<UserInfo> {
  for (const authenticator of authenticators) {
    const user = await authenticator.authenticate(caller)
    if (user) return withAuthenticatedGroup(user)
  }
  if (!anonymousAllowed) throw unauthorized()
  return anonymousUser
}

export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.groups.includes(authenticatedGroup) || user.name === anonymousUser.name) return user
  return { ...user, groups: [...user.groups, authenticatedGroup] }
}

export function unauthorized(): Error {
  return statusError('Unauthorized', 'Unauthorized')
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(caller: Caller): string | undefined {
  const [value] = caller.header('authorization')
  const match = /^bearer +(\S+) *$/i.exec(value ?? '')
  return match?.[1]
}
