import type { NonResourcePolicyRule, ResourcePolicyRule } from '../../../generated/types.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import { checkDns1123Label } from '../../../validation/name-rules.ts'
import { checked } from '../../rules/checked.ts'

const verbs = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'proxy',
  'update',
  'watch',
]

export function validateNonResourceRule(
  rule: NonResourcePolicyRule,
  path: FieldPath,
): FieldError[] {
  const urls = rule.nonResourceURLs ?? []
  const at = path.child('nonResourceURLs')
  return [
    ...validateVerbs(rule.verbs ?? [], path.child('verbs')),
    ...validateList(
      urls,
      at,
      'non-resource URLs',
      'nonResourceURLs must contain at least one value',
    ),
    ...(urls.includes('*')
      ? []
      : urls.flatMap((url, i) => checked(at.index(i), url, urlComplaints))),
  ]
}

export function validateResourceRule(rule: ResourcePolicyRule, path: FieldPath): FieldError[] {
  const { namespaces = [], clusterScope = false } = rule
  const supply = (what: string): string => `resource rules must supply at least one ${what}`
  const at = path.child('namespaces')
  const scope = 'resource rules that are not cluster scoped must supply at least one namespace'
  return [
    ...validateVerbs(rule.verbs ?? [], path.child('verbs')),
    ...validateList(
      rule.apiGroups ?? [],
      path.child('apiGroups'),
      'api groups',
      supply('api group'),
    ),
    ...validateList(rule.resources ?? [], path.child('resources'), 'resources', supply('resource')),
    ...(clusterScope && namespaces.length === 0
      ? []
      : validateList(namespaces, at, 'namespaces', scope)),
    ...(namespaces.includes('*')
      ? []
      : namespaces.flatMap((name, i) => checked(at.index(i), name, namespaceComplaints))),
  ]
}

function validateVerbs(given: readonly string[], path: FieldPath): FieldError[] {
  const errors = validateList(given, path, 'verbs', 'verbs must contain at least one value')
  if (given.includes('*') || given.every((verb) => verbs.includes(verb))) return errors
  return [...errors, fieldNotSupported(path, given, verbs)]
}

/** Not empty, and `*` only alone. */
function validateList(
  values: readonly string[],
  path: FieldPath,
  what: string,
  missing: string,
): FieldError[] {
  if (values.length === 0) return [fieldRequired(path, missing)]
  if (values.length === 1 || !values.includes('*')) return []
  return [fieldInvalid(path, values, `if '*' is present, must not specify other ${what}`)]
}

function namespaceComplaints(name: string): string[] {
  const intro = "each member of this list must be '*' or a DNS-1123 label; "
  return checkDns1123Label(name).map((text) => intro + text)
}

/** The first broken rule of a path; a `*` may only be all that follows a slash at the end. */
function urlComplaints(url: string): string[] {
  if (url === '') return ['must not be empty']
  if (!url.startsWith('/')) return ['must start with slash']
  if (url.includes(' ')) return ['must not contain white-space']
  if (url.includes('//')) return ['must not contain double slash']
  const wildcards = url.split('*').length - 1
  if (wildcards === 0 || (wildcards === 1 && url.endsWith('/*'))) return []
  return ['wildcard can only do suffix matching']
}
