import { statusError } from '@kemu/api'
import { decideAll, refusal } from '../authorization/authorizer.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { anonymousUser, authenticatedGroup } from '../request/user-info.ts'
import type { UserInfo } from '../request/user-info.ts'
import type { Caller, ResourcePath } from '../request/api-request.ts'
import type { Stage } from './stage.ts'

const userHeader = 'impersonate-user'
const uidHeader = 'impersonate-uid'
const groupHeader = 'impersonate-group'
const extraPrefix = 'impersonate-extra-'

/** Lets those who may `impersonate` act as somebody else (kubectl --as). */
export function impersonationStage(authorizers: readonly Authorizer[]): Stage {
  return async (context, next) => {
    const wanted = readWish(context.caller)
    if (wanted) {
      for (const path of questionsOf(wanted)) checkMay(authorizers, context.user, path)
      context.user = withUsualGroups(wanted)
    }
    return next()
  }
}

function readWish(caller: Caller): UserInfo | undefined {
  const [name = ''] = caller.header(userHeader)
  const [uid = ''] = caller.header(uidHeader)
  const groups = caller.header(groupHeader)
  const extra: Record<string, readonly string[]> = {}
  for (const header of caller.headerNames(extraPrefix)) {
    extra[decodeURIComponent(header.slice(extraPrefix.length))] = caller.header(header)
  }
  if (name !== '') return { name, uid, groups, extra }
  if (groups.length === 0 && uid === '' && Object.keys(extra).length === 0) return undefined
  throw statusError(
    'InternalError',
    'Internal error occurred: requested impersonation without impersonating a user',
  )
}

/** One question for each thing that is impersonated. */
function questionsOf({ name, uid, groups, extra }: UserInfo): ResourcePath[] {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name)
  const first = account
    ? pathOf('', 'serviceaccounts', account[2]!, account[1])
    : pathOf('', 'users', name)
  const authentication = 'authentication.k8s.io'
  return [
    first,
    ...(uid === '' ? [] : [pathOf(authentication, 'uids', uid)]),
    ...groups.map((group) => pathOf('', 'groups', group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({
        ...pathOf(authentication, 'userextras', value),
        subresource: key,
      })),
    ),
  ]
}

function pathOf(group: string, resource: string, name: string, namespace = ''): ResourcePath {
  return { group, version: 'v1', resource, namespace, name, subresource: '' }
}

function checkMay(authorizers: readonly Authorizer[], user: UserInfo, path: ResourcePath): void {
  const question = {
    type: 'resource' as const,
    user,
    verb: 'impersonate',
    path,
    fieldSelector: '',
  }
  const { decision, reason } = decideAll(authorizers, question)
  if (decision !== 'allow') throw refusal(question, reason)
}

/** Groups that follow from what one is. */
function withUsualGroups(user: UserInfo): UserInfo {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user.name)
  const groups =
    account && user.groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`]
      : [...user.groups]
  if (user.name === anonymousUser.name) {
    return { ...user, groups: [...new Set([...groups, 'system:unauthenticated'])] }
  }
  return { ...user, groups: [...new Set([...groups, authenticatedGroup])] }
}
