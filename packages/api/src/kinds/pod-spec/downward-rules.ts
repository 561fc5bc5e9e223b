import type { ObjectFieldSelector, ResourceFieldSelector } from '../../generated/types.ts'
import { Quantity } from '../../quantity.ts'
import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldNotSupported, fieldRequired } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkQualifiedName } from '../../validation/name-rules.ts'
import { checked } from '../rules/checked.ts'

/** What environment variables may show of their pod. */
export const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** What files may show of it. */
export const volumeFields = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

/** What selectors can name at all (ConvertDownwardAPIFieldLabel). */
const knownFields = new Set([
  ...envFields,
  ...volumeFields,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
])

const resourceFields = ['limits', 'requests'].flatMap((kind) => [
  `${kind}.cpu`,
  `${kind}.ephemeral-storage`,
  `${kind}.memory`,
])

/** The field of a pod that a variable or a file takes its value from. */
export function validateFieldRef(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  allowed: readonly string[],
  path: FieldPath,
): FieldError[] {
  if (!apiVersion) return [fieldRequired(path.child('apiVersion'))]
  const at = path.child('fieldPath')
  if (!fieldPath) return [fieldRequired(at)]
  const problem = conversionProblem(apiVersion, fieldPath)
  if (problem !== undefined)
    return [fieldInvalid(at, fieldPath, `error converting fieldPath: ${problem}`)]
  const subscripted = splitSubscript(fieldPath)
  if (subscripted) {
    const { field, key } = subscripted
    return field === 'metadata.annotations'
      ? checked(path, key.toLowerCase(), checkQualifiedName)
      : checked(path, key, checkQualifiedName)
  }
  const field = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath
  return allowed.includes(field) ? [] : [fieldNotSupported(at, field, allowed)]
}

function conversionProblem(apiVersion: string, fieldPath: string): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`
  const subscripted = splitSubscript(fieldPath)
  if (subscripted) {
    const { field } = subscripted
    if (field === 'metadata.annotations' || field === 'metadata.labels') return undefined
    return `field label does not support subscript: ${fieldPath}`
  }
  if (knownFields.has(fieldPath) || fieldPath === 'spec.host') return undefined
  return `field label not supported: ${fieldPath}`
}

/** `metadata.labels['key']` */
function splitSubscript(fieldPath: string): { field: string; key: string } | undefined {
  const match = /^(.+?)\['(.*)'\]$/.exec(fieldPath)
  return match ? { field: match[1]!, key: match[2]! } : undefined
}

/** The limit or request of a container that a variable or a file takes its value from. */
export function validateResourceFieldRef(
  selector: ResourceFieldSelector,
  path: FieldPath,
  containerRequired: boolean,
): FieldError[] {
  const { resource, containerName } = selector
  const errors: FieldError[] = []
  if (containerRequired && !containerName) errors.push(fieldRequired(path.child('containerName')))
  else if (!resource) errors.push(fieldRequired(path.child('resource')))
  else if (!resourceFields.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource))
    errors.push(fieldNotSupported(path.child('resource'), resource, resourceFields))
  return [...errors, ...validateDivisor(selector, path.child('divisor'))]
}

const byteDivisors = [
  '1',
  ...['k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((unit) => `1${unit}`),
]

function validateDivisor(
  { resource, divisor }: ResourceFieldSelector,
  path: FieldPath,
): FieldError[] {
  if (divisor === undefined || Quantity.parse(divisor).nanos === 0n) return []
  const kind = /^(?:limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-)/.exec(resource)?.[1]
  if (kind === undefined) return []
  const canonical = Quantity.parse(divisor).toString()
  if (kind === 'cpu') {
    const text = "only divisor's values 1m and 1 are supported with the cpu resource"
    return ['1m', '1'].includes(canonical) ? [] : [fieldInvalid(path, resource, text)]
  }
  if (byteDivisors.includes(canonical)) return []
  const names = { memory: 'memory', 'ephemeral-storage': 'local ephemeral storage' }
  const name = names[kind as keyof typeof names] ?? 'hugepages'
  const text = `only divisor's values ${byteDivisors.join(', ')} are supported with the ${name} resource`
  return [fieldInvalid(path, resource, text)]
}
