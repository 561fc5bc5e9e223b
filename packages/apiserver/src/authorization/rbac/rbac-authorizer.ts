import { noOpinion } from '../authorizer.ts'
import type { AccessQuestion, Authorizer, Decision } from '../authorizer.ts'
import type { Grant, PolicyCache } from './policy-cache.ts'
import { ruleAllows } from './rule-matching.ts'

/** Roles and bindings decide (KEP-less; rbac.authorization.k8s.io/v1). */
export class RbacAuthorizer implements Authorizer {
  readonly name = 'RBAC'
  readonly #policy: PolicyCache

  constructor(policy: PolicyCache) {
    this.#policy = policy
  }

  decide(question: AccessQuestion): Decision {
    const namespace = question.type === 'resource' ? question.path.namespace : ''
    const missing: string[] = []
    for (const grant of this.#policy.grantsOf(question.user, namespace)) {
      const rules = this.#policy.rulesOf(grant)
      if (!rules) missing.push(missingRole(grant))
      else if (rules.some((rule) => ruleAllows(rule, question))) {
        return { decision: 'allow', reason: allowReason(grant) }
      }
    }
    if (missing.length === 0) return noOpinion
    const list = missing.length === 1 ? missing[0]! : `[${missing.join(', ')}]`
    return { decision: 'no opinion', reason: `RBAC: ${list}` }
  }
}

function allowReason(grant: Grant): string {
  const { namespace, bindingName, roleKind, roleName, subject } = grant
  const binding =
    namespace === ''
      ? `ClusterRoleBinding ${JSON.stringify(bindingName)}`
      : `RoleBinding ${JSON.stringify(`${bindingName}/${namespace}`)}`
  return `RBAC: allowed by ${binding} of ${roleKind} ${JSON.stringify(roleName)} to ${describeSubject(subject)}`
}

function describeSubject(subject: string): string {
  const account = /^User system:serviceaccount:([^:]+):(.+)$/.exec(subject)
  if (account) return `ServiceAccount ${JSON.stringify(`${account[2]}/${account[1]}`)}`
  const at = subject.indexOf(' ')
  return `${subject.slice(0, at)} ${JSON.stringify(subject.slice(at + 1))}`
}

function missingRole({ roleKind, roleName }: Grant): string {
  return `${roleKind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleName)} not found`
}
