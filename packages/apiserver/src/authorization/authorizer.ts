import { forbidden, statusError } from '@kemu/api'
import type { ApiRequest, ResourcePath } from '../request/api-request.ts'
import type { UserInfo } from '../request/user-info.ts'

/** The question of authorization: may this user do that? */
export type AccessQuestion = ResourceQuestion | PlainQuestion

export interface ResourceQuestion {
  readonly type: 'resource'
  readonly user: UserInfo
  readonly verb: string
  readonly path: ResourcePath
  /** Of a list or watch: what it is narrowed down to. */
  readonly fieldSelector: string
}

export interface PlainQuestion {
  readonly type: 'plain'
  readonly user: UserInfo
  readonly verb: string
  readonly path: string
}

/** `no opinion` lets the next authorizer speak; nobody's opinion is a refusal. */
export type Decision =
  | { readonly decision: 'allow'; readonly reason: string }
  | { readonly decision: 'deny' | 'no opinion'; readonly reason: string }

export interface Authorizer {
  /** As --authorization-mode names it. */
  readonly name: string
  decide(question: AccessQuestion): Decision
}

export const noOpinion: Decision = { decision: 'no opinion', reason: '' }

/** Asks one after another until one allows or denies. */
export function decideAll(authorizers: readonly Authorizer[], question: AccessQuestion): Decision {
  const reasons: string[] = []
  for (const authorizer of authorizers) {
    const answer = authorizer.decide(question)
    if (answer.decision !== 'no opinion') return answer
    if (answer.reason !== '') reasons.push(answer.reason)
  }
  return { decision: 'no opinion', reason: reasons.join('\n') }
}

export function questionOf(request: ApiRequest, user: UserInfo): AccessQuestion {
  switch (request.type) {
    case 'resource': {
      const { path, operation } = request
      const reads = operation.verb === 'list' || operation.verb === 'watch'
      const fieldSelector = reads ? operation.options.fieldSelector : ''
      const name = path.name || selectedName(fieldSelector)
      return {
        type: 'resource',
        user,
        verb: operation.verb,
        path: { ...path, name },
        fieldSelector,
      }
    }
    case 'connect': {
      const { path, verb } = request
      return { type: 'resource', user, verb, path, fieldSelector: '' }
    }
    case 'plain':
      return { type: 'plain', user, verb: request.verb, path: request.path }
  }
}

/** A list or watch that can only mean one object is authorized as one (upstream: RequestInfo). */
function selectedName(fieldSelector: string): string {
  return /(?:^|,)metadata\.name==?([^,=]+)(?:,|$)/.exec(fieldSelector)?.[1] ?? ''
}

/** The refusal in upstream's words (responsewriters.ForbiddenStatusError). */
export function refusal(question: AccessQuestion, reason: string): Error {
  const tail = reason === '' ? '' : `: ${reason}`
  const { user, verb, path } = question
  if (question.type === 'plain') {
    return statusError(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${tail}`,
      {},
    )
  }
  const { group, resource, subresource, namespace, name } = question.path
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where =
    namespace === '' ? ' at the cluster scope' : ` in the namespace ${JSON.stringify(namespace)}`
  const why = `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)}${where}${tail}`
  return forbidden({ group, resource }, name, why)
}

/** Members of system:masters may do everything; no rule can take that away. */
export const privilegedGroupAuthorizer: Authorizer = {
  name: 'SystemMasters',
  decide: ({ user }) =>
    user.groups.includes('system:masters') ? { decision: 'allow', reason: '' } : noOpinion,
}

export const alwaysAllow: Authorizer = {
  name: 'AlwaysAllow',
  decide: () => ({ decision: 'allow', reason: '' }),
}

export const alwaysDeny: Authorizer = {
  name: 'AlwaysDeny',
  decide: () => ({ decision: 'no opinion', reason: 'Everything is forbidden.' }),
}
