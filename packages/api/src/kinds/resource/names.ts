import type { FieldError } from '../../status-error.ts'
import { fieldInvalid, fieldRequired, fieldTooLong } from '../../validation/field-error.ts'
import type { FieldPath } from '../../validation/field-path.ts'
import {
  byteLength,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  dns1123SubdomainMaxLength,
  regexComplaint,
} from '../../validation/name-rules.ts'
import { checked } from '../rules/checked.ts'
import { validateDriverName } from '../storage/driver-name.ts'

/** DeviceMaxDomainLength and DeviceMaxIDLength */
const domainLengthMax = 63
const idLengthMax = 32
export const qualifiedNameLengthMax = domainLengthMax + 1 + idLengthMax

export function validateLabelName(name: string, path: FieldPath): FieldError[] {
  return checked(path, name, checkDns1123Label)
}

export function validateLabelText(value: string, path: FieldPath): FieldError[] {
  return checked(path, value, checkLabelValue)
}

export function validateClassName(name: string, path: FieldPath): FieldError[] {
  return name === '' ? [fieldRequired(path)] : checked(path, name, checkDns1123Subdomain)
}

/** Subdomains, with slashes between them. */
export function validatePoolName(name: string, path: FieldPath): FieldError[] {
  if (name === '') return [fieldRequired(path)]
  return [
    ...(byteLength(name) > dns1123SubdomainMaxLength
      ? [fieldTooLong(path, dns1123SubdomainMaxLength)]
      : []),
    ...name.split('/').flatMap((part) => checked(path, part, checkDns1123Subdomain)),
  ]
}

/** `id`, or `domain/id`: of attributes and capacities. Upstream lets names with more slashes pass. */
export function validateQualifiedName(name: string, path: FieldPath): FieldError[] {
  const [first = '', second, ...more] = name.split('/')
  if (more.length > 0) return []
  if (second === undefined) return validateId(first, path)
  return [
    ...(first === ''
      ? [fieldInvalid(path, '', 'the domain must not be empty')]
      : validateDriverName(first, path)),
    ...(second === ''
      ? [fieldInvalid(path, '', 'the name must not be empty')]
      : validateId(second, path)),
  ]
}

export function validateFullyQualifiedName(name: string, path: FieldPath): FieldError[] {
  const text = 'a fully qualified name must be a domain and a name separated by a slash'
  return [
    ...validateQualifiedName(name, path),
    ...(name.includes('/') ? [] : [fieldInvalid(path, name, text)]),
  ]
}

const idPattern = '[A-Za-z_][A-Za-z0-9_]*'

function validateId(id: string, path: FieldPath): FieldError[] {
  const rest = "followed by a string of alphanumeric characters or '_'"
  const text = `a valid C identifier must start with alphabetic character or '_', ${rest}`
  return [
    ...(byteLength(id) > idLengthMax ? [fieldTooLong(path, idLengthMax)] : []),
    ...(new RegExp(`^${idPattern}$`).test(id)
      ? []
      : [fieldInvalid(path, id, regexComplaint(text, idPattern, 'my_name', 'MY_NAME', 'MyName'))]),
  ]
}
