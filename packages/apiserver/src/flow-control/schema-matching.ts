import type {
  FlowSchema,
  FlowcontrolSubject,
  NonResourcePolicyRule,
  ResourcePolicyRule,
} from '@kemu/api'
import type { PlainRequest, ResourceRequest } from '../request/api-request.ts'
import { isInGroup } from '../request/user-info.ts'
import type { UserInfo } from '../request/user-info.ts'

/** Requests that are classified; conversations are not. */
export type FlowRequest = PlainRequest | ResourceRequest

/** Whether a schema is about this request of this user (apiserver util/flowcontrol, matchesFlowSchema). */
export function matchesSchema(
  { rules = [] }: FlowSchema['spec'],
  request: FlowRequest,
  user: UserInfo,
): boolean {
  return rules.some(
    ({ subjects, resourceRules = [], nonResourceRules = [] }) =>
      (subjects ?? []).some((subject) => isMeant(subject, user)) &&
      (request.type === 'resource'
        ? resourceRules.some((rule) => matchesResource(rule, request))
        : nonResourceRules.some((rule) => matchesPath(rule, request))),
  )
}

function isMeant({ user, group, serviceAccount }: FlowcontrolSubject, who: UserInfo): boolean {
  if (user) return user.name === '*' || user.name === who.name
  if (group) return group.name === '*' || isInGroup(who, group.name)
  if (!serviceAccount) return false
  const prefix = `system:serviceaccount:${serviceAccount.namespace}:`
  if (serviceAccount.name === '*') return who.name.startsWith(prefix)
  return who.name === prefix + serviceAccount.name
}

function matchesResource(rule: ResourcePolicyRule, { path, operation }: ResourceRequest): boolean {
  const { group, resource, subresource } = path
  const namespace = namespaceOf(path)
  return (
    isListed(operation.verb, rule.verbs) &&
    isListed(subresource === '' ? resource : `${resource}/${subresource}`, rule.resources) &&
    isListed(group, rule.apiGroups) &&
    (namespace === '' ? (rule.clusterScope ?? false) : isListed(namespace, rule.namespaces))
  )
}

/** A namespace is in itself (RequestInfo). */
export function namespaceOf({ group, resource, namespace, name }: ResourceRequest['path']): string {
  return group === '' && resource === 'namespaces' ? name : namespace
}

function matchesPath(rule: NonResourcePolicyRule, { verb, path }: PlainRequest): boolean {
  if (!isListed(verb, rule.verbs)) return false
  return (rule.nonResourceURLs ?? []).some((url) => {
    if (url === '*' || url === path) return true
    const prefix = url.endsWith('*') ? url.slice(0, -1) : url
    return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
  })
}

/** `*` stands alone in its list. */
function isListed(value: string, list: readonly string[] = []): boolean {
  return list[0] === '*' || list.includes(value)
}
