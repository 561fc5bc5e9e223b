import { goQuote } from '../../../go-text.ts'
import type { FieldError } from '../../../status-error.ts'
import { fieldInvalid, fieldRequired, fieldTooLong } from '../../../validation/field-error.ts'
import type { FieldPath } from '../../../validation/field-path.ts'
import {
  byteLength,
  checkDns1123Label,
  checkDns1123Subdomain,
  dns1123LabelMaxLength,
  dns1123SubdomainMaxLength,
} from '../../../validation/name-rules.ts'
import type { Complaints } from '../../../validation/name-rules.ts'

/** A domain, a label and a subdomain, with `/` and `.` between them. */
const maxBytes = 2 * dns1123SubdomainMaxLength + dns1123LabelMaxLength + 2

/** `example.com/signer-name` (ValidateSignerName). */
export function validateSignerName(name: string, path: FieldPath): FieldError[] {
  if (!name) return [fieldRequired(path)]
  const segments = name.split('/')
  if (segments.length !== 2) {
    const text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    return [fieldInvalid(path, name, text)]
  }
  const [domain, rest] = segments as [string, string]
  const errors: FieldError[] = []
  if (byteLength(domain) > dns1123SubdomainMaxLength)
    errors.push(fieldTooLong(path, dns1123SubdomainMaxLength))
  errors.push(...firstBadLabel(domain, checkDns1123Label, path))
  if (!domain.includes('.')) {
    const text = 'should be a domain with at least two segments separated by dots'
    errors.push(fieldInvalid(path, domain, text))
  }
  errors.push(...firstBadLabel(rest, checkDns1123Subdomain, path))
  if (byteLength(name) > maxBytes) errors.push(fieldTooLong(path, maxBytes))
  return errors
}

function firstBadLabel(
  segment: string,
  check: (label: string) => Complaints,
  path: FieldPath,
): FieldError[] {
  const bad = segment.split('.').find((label) => check(label).length > 0)
  if (bad === undefined) return []
  return check(bad).map((text) =>
    fieldInvalid(path, segment, `validating label ${goQuote(bad)}: ${text}`),
  )
}
