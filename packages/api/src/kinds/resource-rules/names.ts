import type { FieldError } from '../../status-error.ts'
import { fieldInvalid } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import { checkQualifiedName } from '../../validation/name-rules.ts'

/** Counted in whole things (core/helper integerResources). */
const counted = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]

/** core/helper standardResources */
const standard = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'storage',
  'requests.storage',
  ...['requests.', 'limits.'].flatMap((of) => [
    `${of}cpu`,
    `${of}memory`,
    `${of}ephemeral-storage`,
  ]),
  ...counted,
])

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-')
}

/** Without a domain, or in kubernetes.io. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/')
}

/** Of a device plugin or an administrator: `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false
  return checkQualifiedName(`requests.${name}`).length === 0
}

/** May be promised more often than there is. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name)
}

export function isIntegerResource(name: string): boolean {
  return counted.includes(name) || isExtendedResource(name)
}

function isStandardResource(name: string): boolean {
  return standard.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')
}

function isStandardContainerResource(name: string): boolean {
  return ['cpu', 'memory', 'ephemeral-storage'].includes(name) || isHugePages(name)
}

/** A qualified name; a standard one where it has no domain. */
export function validateResourceName(name: string, path: FieldPath): FieldError[] {
  const errors = checkQualifiedName(name).map((text) => fieldInvalid(path, name, text))
  if (errors.length > 0 || name.includes('/') || isStandardResource(name)) return errors
  return [fieldInvalid(path, name, 'must be a standard resource type or fully qualified')]
}

/** The same for what a container asks for (validateContainerResourceName). */
export function validateContainerResourceName(name: string, path: FieldPath): FieldError[] {
  const errors = validateResourceName(name, path)
  if (!name.includes('/')) {
    if (!isStandardContainerResource(name))
      return [...errors, fieldInvalid(path, name, 'must be a standard resource for containers')]
    return errors
  }
  if (isNativeResource(name) || isExtendedResource(name)) return errors
  return [...errors, fieldInvalid(path, name, "doesn't follow extended resource name standard")]
}
