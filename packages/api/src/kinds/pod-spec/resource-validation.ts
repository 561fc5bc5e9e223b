import type { PodSpec, ResourceRequirements } from '../../generated/types.ts'
import { aggregateContainers } from '../../pod/resource-amounts.ts'
import { Quantity } from '../../quantity.ts'
import type { FieldError } from '../../status-error.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
} from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkDns1123Label } from '../../validation/name-rules.ts'
import {
  isHugePages,
  isOvercommitAllowed,
  validateContainerResourceName,
  validateResourceName,
} from '../resource-rules/names.ts'
import { validateResourceQuantity } from '../resource-rules/values.ts'
import { checked } from '../rules/checked.ts'
import { isPodLevel } from './pod-resource-defaults.ts'

type NameRule = (name: string, path: FieldPath) => FieldError[]

/** What a container asks for and may use; `claimNames` are those of the pod. */
export function validateContainerResources(
  resources: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
): FieldError[] {
  return resources
    ? validateRequirements(resources, validateContainerResourceName, claimNames, path)
    : []
}

function validateRequirements(
  resources: ResourceRequirements,
  nameRule: NameRule,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
): FieldError[] {
  const { limits = {}, requests = {} } = resources
  const errors = Object.entries(limits).flatMap(([name, text]) =>
    validateAmount(name, text, nameRule, path.child('limits').key(name)),
  )
  for (const [name, text] of Object.entries(requests)) {
    errors.push(...validateAmount(name, text, nameRule, path.child('requests').key(name)))
    errors.push(...validateAgainstLimit(name, text, limits[name], path))
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    errors.push(fieldForbidden(path, 'HugePages require cpu or memory'))
  return [...errors, ...validateClaims(resources.claims ?? [], claimNames, path.child('claims'))]
}

function validateAmount(
  name: string,
  text: string,
  nameRule: NameRule,
  path: FieldPath,
): FieldError[] {
  const errors = [...nameRule(name, path), ...validateResourceQuantity(name, text, path)]
  if (isHugePages(name) && !isWholePages(name, text)) {
    const complaint = `${text} is not positive integer multiple of ${name}`
    errors.push(fieldInvalid(path, text, complaint))
  }
  return errors
}

function isWholePages(name: string, text: string): boolean {
  try {
    const page = Quantity.parse(name.slice('hugepages-'.length)).nanos
    return page > 0n && Quantity.parse(text).nanos % page === 0n
  } catch {
    // A page size that is no quantity divides nothing.
    return false
  }
}

function validateAgainstLimit(
  name: string,
  request: string,
  limit: string | undefined,
  path: FieldPath,
): FieldError[] {
  const requestsPath = path.child('requests')
  if (limit === undefined) {
    if (isOvercommitAllowed(name)) return []
    const text = 'Limit must be set for non overcommitable resources'
    return [fieldRequired(path.child('limits'), text)]
  }
  const order = Quantity.parse(request).compare(Quantity.parse(limit))
  if (order !== 0 && !isOvercommitAllowed(name))
    return [fieldInvalid(requestsPath, request, `must be equal to ${name} limit of ${limit}`)]
  if (order <= 0) return []
  const text = `must be less than or equal to ${name} limit of ${limit}`
  return [fieldInvalid(requestsPath, request, text)]
}

function validateClaims(
  claims: NonNullable<ResourceRequirements['claims']>,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
): FieldError[] {
  const seen = new Set<string>()
  return claims.flatMap(({ name, request = '' }, i) => {
    const at = path.index(i)
    if (name === '') return [fieldRequired(at)]
    const key = request === '' ? name : `${name}/${request}`
    const errors: FieldError[] = []
    if (seen.has(name)) errors.push(fieldDuplicate(at, name))
    else {
      if (request !== '') errors.push(...checked(at.child('request'), request, checkDns1123Label))
      if (seen.has(key)) errors.push(fieldDuplicate(at, key))
      else if (request === '')
        for (const other of seen)
          if (other.startsWith(`${name}/`)) errors.push(fieldDuplicate(at, name))
      seen.add(key)
    }
    if (!claimNames.has(name)) errors.push(unknownClaim(name, claimNames, at))
    return errors
  })
}

function unknownClaim(name: string, claimNames: ReadonlySet<string>, path: FieldPath): FieldError {
  const error = fieldNotFound(path, name)
  const known = claimNames.size === 0 ? ' which is empty' : `: ${[...claimNames].sort().join(', ')}`
  const detail = `${error.detail}: must be one of the names in pod.spec.resourceClaims${known}`
  return { ...error, detail }
}

/** Resources of the pod as a whole (KEP-2837). */
export function validatePodResources(
  spec: PodSpec,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
): FieldError[] {
  const { resources } = spec
  if (!resources) return []
  const at = path.child('resources')
  if (spec.os?.name === 'windows') return [fieldForbidden(at, 'may not be set for a windows pod')]
  const errors = resources.claims
    ? [fieldForbidden(at.child('claims'), 'claims may not be set for Resources at pod-level')]
    : []
  return [
    ...errors,
    ...validateRequirements(resources, validatePodResourceName, claimNames, at),
    ...validateConsistency(spec, resources, at),
  ]
}

function validatePodResourceName(name: string, path: FieldPath): FieldError[] {
  const errors = validateResourceName(name, path)
  if (errors.length > 0 || isPodLevel(name)) return errors
  return [fieldNotSupported(path, name, ['cpu', 'hugepages-', 'memory'])]
}

function validateConsistency(
  spec: PodSpec,
  { requests = {}, limits = {} }: ResourceRequirements,
  path: FieldPath,
): FieldError[] {
  const pod = { spec } as Parameters<typeof aggregateContainers>[0]
  const errors: FieldError[] = []
  const compare = (which: 'requests' | 'limits', stated: Record<string, string>): void => {
    for (const [name, sum] of aggregateContainers(pod, which)) {
      const text = stated[name]
      if (text === undefined || sum.compare(Quantity.parse(text)) <= 0) continue
      if (which === 'limits' && !isHugePages(name)) continue
      const complaint = `must be greater than or equal to aggregate container ${which} of ${sum.toString()}`
      errors.push(fieldInvalid(path.child(which).key(name), text, complaint))
    }
  }
  compare('requests', requests)
  compare('limits', limits)
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [name, text] of Object.entries(container.resources?.limits ?? {})) {
      const podLimit = limits[name]
      if (podLimit === undefined) continue
      if (Quantity.parse(text).compare(Quantity.parse(podLimit)) <= 0) continue
      const at = path.child('containers').index(i).key(name).child('limits')
      errors.push(fieldInvalid(at, text, `must be less than or equal to pod limits of ${podLimit}`))
    }
  }
  return errors
}
