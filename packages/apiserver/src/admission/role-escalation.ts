import { forbidden } from '@kemu/api'
import type { ClusterRole, PolicyRule, RoleBinding } from '@kemu/api'
import { decideAll } from '../authorization/authorizer.ts'
import type { AccessQuestion, Authorizer } from '../authorization/authorizer.ts'
import type { PolicyCache } from '../authorization/rbac/policy-cache.ts'
import { ruleAllows } from '../authorization/rbac/rule-matching.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

const rbacGroup = 'rbac.authorization.k8s.io'

/**
 * Nobody gives rights that he does not have, unless he may `escalate` the role or `bind` it
 * (registry/rbac policybased storage). Not a plugin of upstream's: it cannot be turned off.
 */
export class RoleEscalationPlugin implements AdmissionPlugin {
  readonly name = 'RoleEscalation'
  readonly #policy: PolicyCache
  readonly #authorizers: readonly Authorizer[]

  constructor(policy: PolicyCache, authorizers: readonly Authorizer[]) {
    this.#policy = policy
    this.#authorizers = authorizers
  }

  validate(attributes: AdmissionAttributes): void {
    const { path, operation, object, user } = attributes
    if (path.group !== rbacGroup || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    if (user.groups.includes('system:masters')) return
    if (path.resource.endsWith('roles')) this.#checkRole(attributes, object as ClusterRole)
    else this.#checkBinding(attributes, object as RoleBinding)
  }

  #checkRole(attributes: AdmissionAttributes, role: ClusterRole): void {
    if (this.#may(attributes, 'escalate', attributes.path.resource, role.metadata.name)) return
    this.#checkCovers(attributes, role.rules ?? [])
  }

  #checkBinding(attributes: AdmissionAttributes, { roleRef, metadata }: RoleBinding): void {
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
    if (this.#may(attributes, 'bind', resource, roleRef.name)) return
    const rules = this.#policy.rulesOf({
      subject: '',
      namespace: metadata.namespace ?? '',
      bindingName: metadata.name,
      roleKind: roleRef.kind,
      roleName: roleRef.name,
    })
    // A role that is not there yet gives nothing; upstream answers NotFound for it.
    this.#checkCovers(attributes, rules ?? [])
  }

  #may(attributes: AdmissionAttributes, verb: string, resource: string, name: string): boolean {
    const { user, path } = attributes
    const question: AccessQuestion = {
      type: 'resource',
      user,
      verb,
      path: { ...path, resource, name, subresource: '' },
      fieldSelector: '',
    }
    return decideAll(this.#authorizers, question).decision === 'allow'
  }

  #checkCovers(attributes: AdmissionAttributes, wanted: readonly PolicyRule[]): void {
    const { user, path } = attributes
    const own = [...this.#policy.grantsOf(user, path.namespace)].flatMap(
      (grant) => this.#policy.rulesOf(grant) ?? [],
    )
    const missing = wanted.flatMap(singleRights).filter((right) => !covers(own, right))
    if (missing.length === 0) return
    const groups = user.groups.map((group) => JSON.stringify(group)).join(' ')
    throw forbidden(
      path,
      path.name,
      `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing.map(describe).join('\n')}`,
    )
  }
}

/** A rule with one word in each of its places (rbac validation, BreakdownRule). */
function singleRights(rule: PolicyRule): PolicyRule[] {
  const rights: PolicyRule[] = []
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) {
      rights.push({ verbs: [verb], nonResourceURLs: [url] })
    }
    for (const apiGroup of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const names = rule.resourceNames?.length ? rule.resourceNames : [undefined]
        for (const name of names) {
          rights.push({
            verbs: [verb],
            apiGroups: [apiGroup],
            resources: [resource],
            ...(name !== undefined && { resourceNames: [name] }),
          })
        }
      }
    }
  }
  return rights
}

function covers(own: readonly PolicyRule[], right: PolicyRule): boolean {
  return own.some((rule) => ruleAllows(rule, questionOf(right)))
}

function questionOf(right: PolicyRule): AccessQuestion {
  const user = { name: '', uid: '', groups: [], extra: {} }
  const verb = right.verbs[0]!
  if (right.nonResourceURLs) return { type: 'plain', user, verb, path: right.nonResourceURLs[0]! }
  const [resource = '', subresource = ''] = right.resources![0]!.split('/')
  return {
    type: 'resource',
    user,
    verb,
    path: {
      group: right.apiGroups![0]!,
      version: 'v1',
      resource,
      subresource,
      namespace: '',
      name: right.resourceNames?.[0] ?? '',
    },
    fieldSelector: '',
  }
}

/** A right as messages show it. */
function describe({
  apiGroups,
  resources,
  resourceNames,
  nonResourceURLs,
  verbs,
}: PolicyRule): string {
  const parts = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['ResourceNames', resourceNames],
    ['NonResourceURLs', nonResourceURLs],
    ['Verbs', verbs],
  ] as const
  const texts = parts
    .filter(([, list]) => list && list.length > 0)
    .map(([name, list]) => `${name}:[${list!.map((word) => JSON.stringify(word)).join(',')}]`)
  return `{${texts.join(', ')}}`
}
