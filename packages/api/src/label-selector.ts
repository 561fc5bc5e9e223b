import type { LabelSelector } from './generated/types.ts'

type Labels = Readonly<Record<string, string>>

/** One requirement; `in` with one value is what `=` means. */
export interface Requirement {
  readonly key: string
  readonly operator: 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'
  readonly values: readonly string[]
}

/** A parsed selector: all requirements must hold. No requirements select everything. */
export class Selector {
  static readonly everything = new Selector([])
  static readonly nothing = new Selector([], true)

  readonly requirements: readonly Requirement[]
  readonly #nothing: boolean

  constructor(requirements: readonly Requirement[], nothing = false) {
    this.requirements = requirements
    this.#nothing = nothing
  }

  get empty(): boolean {
    return this.requirements.length === 0 && !this.#nothing
  }

  matches(labels: Labels = {}): boolean {
    return !this.#nothing && this.requirements.every((requirement) => holds(requirement, labels))
  }

  /** The notation of `kubectl -l`. */
  toString(): string {
    return this.requirements.map(formatRequirement).join(',')
  }
}

/** Of a map of labels, as in a Service or ReplicationController; an absent map selects nothing there. */
export function selectorOfMap(labels: Labels | undefined): Selector {
  return new Selector(
    Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: 'in', values: [value] })),
  )
}

/** Of a meta/v1 LabelSelector: absent selects nothing, empty selects everything. */
export function selectorOf(selector: LabelSelector | undefined | null): Selector {
  if (!selector) return Selector.nothing
  const byLabel: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'in',
    values: [value],
  }))
  const byExpression = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }): Requirement => {
      switch (operator) {
        case 'In':
          return { key, operator: 'in', values }
        case 'NotIn':
          return { key, operator: 'notin', values }
        case 'Exists':
          return { key, operator: 'exists', values: [] }
        case 'DoesNotExist':
          return { key, operator: '!', values: [] }
        default:
          throw new SelectorError(`"${operator}" is not a valid label selector operator`)
      }
    },
  )
  return new Selector([...byLabel, ...byExpression])
}

export class SelectorError extends Error {
  override name = 'SelectorError'
}

/**
 * * Parses the notation of `kubectl -l`: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`,
 * joined by commas. Throws a SelectorError with upstream's words for what it cannot read.
 */
export function parseSelector(text: string): Selector {
  const tokens = tokenize(text)
  const requirements: Requirement[] = []
  let at = 0
  const peek = (): string => tokens[at] ?? ''
  const take = (): string => tokens[at++] ?? ''
  while (at < tokens.length) {
    requirements.push(parseRequirement(peek, take))
    if (at >= tokens.length) break
    if (take() !== ',')
      throw new SelectorError(`found '${tokens[at - 1]}', expected: ',' or 'end of string'`)
    if (at >= tokens.length) throw new SelectorError(`found '', expected: identifier after ','`)
  }
  return new Selector(requirements)
}

function tokenize(text: string): string[] {
  return text.match(/!=|==|=|!|<|>|,|\(|\)|[^\s!=<>,()]+/g) ?? []
}

function parseRequirement(peek: () => string, take: () => string): Requirement {
  if (peek() === '!') {
    take()
    return { key: parseKey(take()), operator: '!', values: [] }
  }
  const key = parseKey(take())
  const operator = peek()
  if (operator === '' || operator === ',') return { key, operator: 'exists', values: [] }
  take()
  switch (operator) {
    case '=':
    case '==':
      return { key, operator: 'in', values: [parseExact(peek, take)] }
    case '!=':
      return { key, operator: 'notin', values: [parseExact(peek, take)] }
    case 'in':
    case 'notin':
      return { key, operator, values: parseValues(take) }
    case '>':
    case '<': {
      const value = take()
      if (!/^[-+]?\d+$/.test(value)) {
        throw new SelectorError(
          `values[0][${key}]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`,
        )
      }
      return { key, operator: operator === '>' ? 'gt' : 'lt', values: [value] }
    }
    default:
      throw new SelectorError(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`)
  }
}

const labelKey =
  /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

function parseKey(key: string): string {
  if (!labelKey.test(key))
    throw new SelectorError(
      `unable to parse requirement: <nil>: Invalid value: "${key}": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    )
  return key
}

function parseExact(peek: () => string, take: () => string): string {
  const next = peek()
  return checkValue(next === '' || next === ',' ? '' : take())
}

function parseValues(take: () => string): string[] {
  if (take() !== '(') throw new SelectorError("found something else, expected: '('")
  const values = new Set<string>()
  for (;;) {
    const token = take()
    if (token === ')') break
    if (token === '') throw new SelectorError("found '', expected: ',', or ')'")
    if (token !== ',') values.add(checkValue(token))
  }
  return [...values].sort()
}

function checkValue(value: string): string {
  if (!labelValue.test(value))
    throw new SelectorError(
      `unable to parse requirement: values[0]: Invalid value: "${value}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    )
  return value
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value)
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
      return value !== undefined && /^[-+]?\d+$/.test(value) && BigInt(value) > BigInt(values[0]!)
    case 'lt':
      return value !== undefined && /^[-+]?\d+$/.test(value) && BigInt(value) < BigInt(values[0]!)
  }
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'in':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
    case 'notin':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'gt':
      return `${key}>${values[0]}`
    case 'lt':
      return `${key}<${values[0]}`
  }
}
