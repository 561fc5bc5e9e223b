import { badRequest } from '@kemu/api'
import type { SelfSubjectReview, TokenReview } from '@kemu/api'
import { formatTime } from '@kemu/api'
import { withAuthenticatedGroup } from '../authentication/authenticator.ts'
import type { BearerTokenAuthenticator } from '../authentication/bearer-tokens.ts'
import type { ActionHandler } from '../registry/action-handler.ts'
import type { UserInfo } from '../request/user-info.ts'
import { reviewHandler } from './access-reviews.ts'

/** Says for whom a token speaks: what kubelets and other servers ask. */
export function tokenReviewHandler(tokens: BearerTokenAuthenticator): ActionHandler {
  return reviewHandler<TokenReview>(async (review) => {
    const { token, audiences = [] } = review.spec
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    const wanted = audiences.length > 0 ? audiences : tokens.audiences
    const identity = await tokens.review(token, wanted)
    if (!identity) {
      review.status = { error: 'invalid bearer token', user: {} }
      return
    }
    const { audiences: shared } = identity
    review.status = {
      authenticated: true,
      user: describeUser(withAuthenticatedGroup(identity.user)),
      ...(shared.length > 0 && { audiences: [...shared] }),
    }
  })
}

/** `kubectl auth whoami`. */
export function selfSubjectReviewHandler(): ActionHandler {
  return reviewHandler<SelfSubjectReview>((review, { user, nowMs }) => {
    review.metadata.creationTimestamp = formatTime(nowMs)
    review.status = { userInfo: describeUser(user) }
  })
}

function describeUser({ name, uid, groups, extra }: UserInfo) {
  const copy: Record<string, string[]> = {}
  for (const [key, values] of Object.entries(extra)) copy[key] = [...values]
  return {
    username: name,
    ...(uid !== '' && { uid }),
    groups: [...groups],
    ...(Object.keys(copy).length > 0 && { extra: copy }),
  }
}
