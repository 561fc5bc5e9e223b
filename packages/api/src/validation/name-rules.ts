/**
 * * Rules for strings, as apimachinery's validation packages state them. Each answers with the complaints,
 * none when the value is fine. Lengths count bytes of UTF-8.
 */
export type Complaints = string[]

const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const dnsLabelWithUnderscore = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const dnsSubdomain = String.raw`${dnsLabel}(\.${dnsLabel})*`
const dnsSubdomainWithUnderscore = String.raw`${dnsLabelWithUnderscore}(\.${dnsLabelWithUnderscore})*`
const wildcardSubdomain = String.raw`\*\.${dnsSubdomain}`
const labelKeyName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelValueText = `(${labelKeyName})?`

const labelPattern = new RegExp(`^${dnsLabel}$`)
const subdomainPattern = new RegExp(`^${dnsSubdomain}$`)
const underscorePattern = new RegExp(`^${dnsSubdomainWithUnderscore}$`)
const wildcardPattern = new RegExp(`^${wildcardSubdomain}$`)
const labelKeyPattern = new RegExp(`^${labelKeyName}$`)
const labelValuePattern = new RegExp(`^${labelValueText}$`)

const subdomainWords = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`
const labelKeyWords =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

export const dns1123LabelMaxLength = 63
export const dns1123SubdomainMaxLength = 253
const labelValueMaxLength = 63

export function checkDns1123Label(value: string): Complaints {
  const complaints = tooLong(value, dns1123LabelMaxLength)
  if (labelPattern.test(value)) return complaints
  if (subdomainPattern.test(value)) return [...complaints, 'must not contain dots']
  const text = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character`
  return [...complaints, regexComplaint(text, dnsLabel, 'my-name', '123-abc')]
}

export function checkDns1123Subdomain(value: string): Complaints {
  const complaints = tooLong(value, dns1123SubdomainMaxLength)
  if (subdomainPattern.test(value)) return complaints
  return [...complaints, regexComplaint(subdomainWords, dnsSubdomain, 'example.com')]
}

export function checkDns1123SubdomainWithUnderscore(value: string): Complaints {
  const complaints = tooLong(value, dns1123SubdomainMaxLength)
  if (underscorePattern.test(value)) return complaints
  const text = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character`
  return [...complaints, regexComplaint(text, dnsSubdomainWithUnderscore, 'example.com')]
}

export function checkWildcardDns1123Subdomain(value: string): Complaints {
  const complaints = tooLong(value, dns1123SubdomainMaxLength)
  if (wildcardPattern.test(value)) return complaints
  const text = `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character`
  return [...complaints, regexComplaint(text, wildcardSubdomain, '*.example.com')]
}

/** `name` or `prefix/name`: keys of labels and annotations, finalizers, resource names, condition types. */
export function checkQualifiedName(value: string): Complaints {
  const parts = value.split('/')
  const examples = ['MyName', 'my.name', '123-abc'] as const
  if (parts.length > 2) {
    const text = regexComplaint(`a valid label key ${labelKeyWords}`, labelKeyName, ...examples)
    return [`${text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1)!
  const complaints = parts.length === 2 ? checkPrefix(parts[0]!) : []
  if (name === '') complaints.push('name part must be non-empty')
  else if (byteLength(name) > 63) complaints.push(`name part ${maxBytesComplaint(63)}`)
  if (!labelKeyPattern.test(name))
    complaints.push(`name part ${regexComplaint(labelKeyWords, labelKeyName, ...examples)}`)
  return complaints
}

function checkPrefix(prefix: string): Complaints {
  if (prefix === '') return ['prefix part must be non-empty']
  const complaints =
    byteLength(prefix) > dns1123SubdomainMaxLength
      ? [maxBytesComplaint(dns1123SubdomainMaxLength)]
      : []
  if (!subdomainPattern.test(prefix))
    complaints.push(regexComplaint(subdomainWords, dnsSubdomain, 'example.com'))
  return complaints.map((complaint) => `prefix part ${complaint}`)
}

export function checkLabelValue(value: string): Complaints {
  const complaints =
    byteLength(value) > labelValueMaxLength ? [maxBytesComplaint(labelValueMaxLength)] : []
  if (labelValuePattern.test(value)) return complaints
  const text = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`
  return [...complaints, regexComplaint(text, labelValueText, 'MyValue', 'my_value', '12345')]
}

/** What may stand in a URL as the name of an object: the rule of kinds without a stricter one (RBAC). */
export function checkPathSegmentName(value: string): Complaints {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return checkPathSegmentPrefix(value)
}

function checkPathSegmentPrefix(value: string): Complaints {
  return ['/', '%']
    .filter((part) => value.includes(part))
    .map((part) => `may not contain '${part}'`)
}

/** Rule of an object's name; with `prefix` the name is a generateName, to which more is added. */
export type NameRule = (name: string, prefix: boolean) => Complaints

export const nameIsDnsSubdomain: NameRule = (name, prefix) =>
  checkDns1123Subdomain(prefix ? maskTrailingDash(name) : name)

export const nameIsDnsLabel: NameRule = (name, prefix) =>
  checkDns1123Label(prefix ? maskTrailingDash(name) : name)

export const nameIsPathSegment: NameRule = (name, prefix) =>
  prefix ? checkPathSegmentPrefix(name) : checkPathSegmentName(name)

/** A prefix may end in a dash, since characters follow. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
}

export function byteLength(value: string): number {
  return Buffer.byteLength(value)
}

export function tooLong(value: string, max: number): Complaints {
  return byteLength(value) > max ? [maxLengthComplaint(max)] : []
}

function maxLengthComplaint(max: number): string {
  return `must be no more than ${max} characters`
}

/** The newer words for the same (api/validate/content). */
function maxBytesComplaint(max: number): string {
  return `must be no more than ${max} bytes`
}

export function rangeComplaint(min: number, max: number): string {
  return `must be between ${min} and ${max}, inclusive`
}

export function regexComplaint(text: string, pattern: string, ...examples: string[]): string {
  const used = `regex used for validation is '${pattern}')`
  if (examples.length === 0) return `${text} (${used}`
  return `${text} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}${used}`
}
