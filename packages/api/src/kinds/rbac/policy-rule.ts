import type { PolicyRule } from '../../generated/types.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired } from '../../validation/field-error.ts'
import { fieldPath } from '../../validation/field-path.ts'
import type { FieldPath } from '../../validation/field-path.ts'

/** The rules of a Role or ClusterRole: verbs on resources or, cluster-wide only, on URLs. */
export function validatePolicyRules(
  rules: readonly PolicyRule[] | undefined | null,
  namespaced: boolean,
): FieldError[] {
  return (rules ?? []).flatMap((rule, i) =>
    validatePolicyRule(rule, namespaced, fieldPath('rules').index(i)),
  )
}

function validatePolicyRule(rule: PolicyRule, namespaced: boolean, path: FieldPath): FieldError[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const errors: FieldError[] = []
  if ((verbs ?? []).length === 0)
    errors.push(fieldRequired(path.child('verbs'), 'verbs must contain at least one value'))
  if (nonResourceURLs.length > 0) {
    const urls = path.child('nonResourceURLs')
    const refuse = (text: string): void =>
      void errors.push(fieldInvalid(urls, nonResourceURLs, text))
    if (namespaced) refuse('namespaced rules cannot apply to non-resource URLs')
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      refuse('rules cannot apply to both regular resources and non-resource URLs')
    return errors
  }
  if (apiGroups.length === 0) {
    const text = 'resource rules must supply at least one api group'
    errors.push(fieldRequired(path.child('apiGroups'), text))
  }
  if (resources.length === 0) {
    const text = 'resource rules must supply at least one resource'
    errors.push(fieldRequired(path.child('resources'), text))
  }
  return errors
}
