import { authenticate } from '../authentication/authenticator.ts'
import type { Authenticator } from '../authentication/authenticator.ts'
import type { Stage } from './stage.ts'

/** Finds out who asks. */
export function authenticationStage(
  authenticators: readonly Authenticator[],
  anonymousAllowed: boolean,
): Stage {
  return async (context, next) => {
    context.user = await authenticate(authenticators, context.caller, anonymousAllowed)
    return next()
  }
}
