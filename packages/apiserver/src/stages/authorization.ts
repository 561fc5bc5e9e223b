import { decideAll, questionOf, refusal } from '../authorization/authorizer.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { Stage } from './stage.ts'

/** Lets pass what some authorizer allows. */
export function authorizationStage(authorizers: readonly Authorizer[]): Stage {
  return async (context, next) => {
    const question = questionOf(context.request, context.user)
    const answer = decideAll(authorizers, question)
    if (answer.decision !== 'allow') throw refusal(question, answer.reason)
    return next()
  }
}
