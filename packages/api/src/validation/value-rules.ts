import { rangeComplaint, regexComplaint, tooLong } from './name-rules.ts'
import type { Complaints } from './name-rules.ts'
import { checkDns1123Label, checkDns1123Subdomain } from './name-rules.ts'
import { fieldInvalid, fieldRequired } from './field-error.ts'
import type { FieldError } from './field-error.ts'
import type { FieldPath } from './field-path.ts'

/** Immutable fields' words (apimachinery FieldImmutableErrorMsg). */
export const immutableMessage = 'field is immutable'
/** apimachinery IsNegativeErrorMsg. */
export const negativeMessage = 'must be greater than or equal to 0'

export function checkPortNumber(port: number): Complaints {
  return checkInRange(port, 1, 65_535)
}

function checkInRange(value: number, min: number, max: number): Complaints {
  return value >= min && value <= max ? [] : [rangeComplaint(min, max)]
}

/** User and group ids alike: 0 to 2^31-1. */
export function checkUserId(id: number): Complaints {
  return checkInRange(id, 0, 2_147_483_647)
}

export function checkPortName(name: string): Complaints {
  const complaints = tooLong(name, 15)
  if (!/^[-a-z0-9]+$/.test(name))
    complaints.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(name)) complaints.push('must contain at least one letter (a-z)')
  if (name.includes('--')) complaints.push('must not contain consecutive hyphens')
  if (name.startsWith('-') || name.endsWith('-'))
    complaints.push('must not begin or end with a hyphen')
  return complaints
}

export function checkPercent(value: string): Complaints {
  if (/^[0-9]+%$/.test(value)) return []
  const text = "a valid percent string must be a numeric string followed by an ending '%'"
  return [regexComplaint(text, '[0-9]+%', '1%', '93%')]
}

export function checkHttpHeaderName(value: string): Complaints {
  if (/^[-A-Za-z0-9]+$/.test(value)) return []
  const text = "a valid HTTP header must consist of alphanumeric characters or '-'"
  return [regexComplaint(text, '[-A-Za-z0-9]+', 'X-Header-Name')]
}

/** The rule since 1.34 (RelaxedEnvironmentVariableValidation). */
export function checkRelaxedEnvVarName(value: string): Complaints {
  if (value === '') return ['environment variable name must be non-empty']
  if (/^[ -<>-~]*$/.test(value)) return []
  return [
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ]
}

/** Keys of ConfigMaps and Secrets. */
export function checkConfigMapKey(value: string): Complaints {
  const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
  const wrong = /^[-._a-zA-Z0-9]+$/.test(value)
    ? []
    : [regexComplaint(text, '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name')]
  return [...tooLong(value, 253), ...wrong, ...checkNoChangeOfDirectory(value)]
}

function checkNoChangeOfDirectory(value: string): Complaints {
  if (value === '.' || value === '..') return [`must not be '${value}'`]
  return value.startsWith('..') ? ["must not start with '..'"] : []
}

/** At least two parts, each of them a label. */
export function validateFullyQualifiedDomainName(path: FieldPath, name: string): FieldError[] {
  if (name === '') return [fieldRequired(path)]
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const complaints = checkDns1123Subdomain(bare)
  if (complaints.length > 0) return [fieldInvalid(path, bare, complaints.join(','))]
  const labels = bare.split('.')
  if (labels.length < 2) {
    const text = 'should be a domain with at least two segments separated by dots'
    return [fieldInvalid(path, bare, text)]
  }
  const bad = labels.find((label) => checkDns1123Label(label).length > 0)
  return bad === undefined ? [] : [fieldInvalid(path, bad, checkDns1123Label(bad).join(','))]
}

const httpPath = String.raw`[A-Za-z0-9/\-._~%!$&'()*+,;=:]+`

/** `acme.io/foo`: a domain and a path. */
export function validateDomainPrefixedPath(path: FieldPath, value: string): FieldError[] {
  if (value === '') return [fieldRequired(path)]
  const at = value.indexOf('/')
  const [host, rest] = [value.slice(0, at), value.slice(at + 1)]
  if (at <= 0 || rest === '') {
    const text = 'must be a domain-prefixed path (such as "acme.io/foo")'
    return [fieldInvalid(path, value, text)]
  }
  const errors = checkDns1123Subdomain(host).map((text) => fieldInvalid(path, host, text))
  if (/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest)) return errors
  return [...errors, fieldInvalid(path, rest, regexComplaint('Invalid path', httpPath))]
}

export function validateNonNegative(path: FieldPath, value: number): FieldError[] {
  return value < 0 ? [fieldInvalid(path, value, negativeMessage)] : []
}
