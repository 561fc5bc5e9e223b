import type { PolicyRule } from '@kemu/api'
import type { AccessQuestion, ResourceQuestion } from '../authorizer.ts'

/** True when the rule grants what is asked (rbac.RuleAllows). */
export function ruleAllows(rule: PolicyRule, question: AccessQuestion): boolean {
  if (!matches(rule.verbs, question.verb)) return false
  return question.type === 'resource'
    ? resourceAllows(rule, question)
    : (rule.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, question.path))
}

function resourceAllows(rule: PolicyRule, { path }: ResourceQuestion): boolean {
  const { group, resource, subresource, name } = path
  return (
    matches(rule.apiGroups, group) &&
    resourceMatches(rule.resources ?? [], resource, subresource) &&
    nameMatches(rule.resourceNames ?? [], name)
  )
}

function matches(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value))
}

// `pods/log`, or a star before the slash for a subresource of whatever resource.
function resourceMatches(list: readonly string[], resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  return (
    list.includes('*') ||
    list.includes(full) ||
    (subresource !== '' && list.includes(`*/${subresource}`))
  )
}

function nameMatches(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name)
}

function urlMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''))
}
