import { SelectorError } from './label-requirement.ts'
import type { Requirement } from './label-requirement.ts'
import { goQuote } from './go-text.ts'
import { checkLabelValue, checkQualifiedName } from './validation/name-rules.ts'

/**
 * * The requirements of a selector in the notation of `kubectl -l`, in the order of the text. Throws a
 * SelectorError with upstream's words (apimachinery's labels.Parse).
 */
export function parseRequirements(text: string): Requirement[] {
  const tokens = new Tokens(text)
  const requirements: Requirement[] = []
  while (!tokens.atEnd) {
    if (!tokens.atIdentifier && tokens.peek() !== '!')
      throw new SelectorError(
        `found '${tokens.peek()}', expected: !, identifier, or 'end of string'`,
      )
    requirements.push(parseOne(tokens))
    if (tokens.atEnd) break
    const separator = tokens.take()
    if (separator !== ',')
      throw new SelectorError(`found '${separator}', expected: ',' or 'end of string'`)
    if (!tokens.atIdentifier && tokens.peek() !== '!')
      throw new SelectorError(`found '${tokens.peek()}', expected: identifier after ','`)
  }
  return requirements
}

const symbols = ['!=', '==', '=', '!', '>', '<', ',', '(', ')']

/** The words and symbols of a selector; the end is ''. */
class Tokens {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#tokens = text.match(/!=|==|=|!|<|>|,|\(|\)|[^ \t\r\n!=<>,()]+/g) ?? []
  }

  get atEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  get atIdentifier(): boolean {
    return !this.atEnd && !symbols.includes(this.peek())
  }

  peek(): string {
    return this.#tokens[this.#at] ?? ''
  }

  take(): string {
    const token = this.peek()
    this.#at += 1
    return token
  }
}

function parseOne(tokens: Tokens): Requirement {
  try {
    return parseRequirement(tokens)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw new SelectorError(`unable to parse requirement: ${error.message}`)
  }
}

function parseRequirement(tokens: Tokens): Requirement {
  const negated = tokens.peek() === '!'
  if (negated) tokens.take()
  if (!tokens.atIdentifier)
    throw new SelectorError(`found '${tokens.peek()}', expected: identifier`)
  const key = tokens.take()
  checkAll('<nil>', key, checkQualifiedName(key))
  if (negated) return { key, operator: '!', values: [] }
  if (tokens.atEnd || tokens.peek() === ',') return { key, operator: 'exists', values: [] }
  const operator = parseOperator(tokens.take())
  const values =
    operator === 'in' || operator === 'notin' ? parseValues(tokens) : [parseValue(tokens)]
  if (operator === 'gt' || operator === 'lt') checkInteger(values[0]!)
  values.forEach((value, i) => checkAll(`values[${i}][${key}]`, value, checkLabelValue(value)))
  return { key, operator, values }
}

function parseOperator(token: string): Requirement['operator'] {
  switch (token) {
    case '=':
    case '==':
      return '='
    case '!=':
    case 'in':
    case 'notin':
      return token
    case '>':
      return 'gt'
    case '<':
      return 'lt'
    default:
      throw new SelectorError(`found '${token}', expected: in, notin, =, ==, !=, gt, lt`)
  }
}

function parseValue(tokens: Tokens): string {
  if (tokens.atEnd || tokens.peek() === ',') return ''
  if (!tokens.atIdentifier)
    throw new SelectorError(`found '${tokens.peek()}', expected: identifier`)
  return tokens.take()
}

/** `(a,b)`; an empty place between commas is the empty value. */
function parseValues(tokens: Tokens): string[] {
  if (tokens.peek() !== '(') throw new SelectorError(`found '${tokens.peek()}' expected: '('`)
  tokens.take()
  if (!tokens.atIdentifier && tokens.peek() !== ',' && tokens.peek() !== ')')
    throw new SelectorError(`found '${tokens.peek()}', expected: ',', ')' or identifier`)
  const values = new Set<string>()
  for (;;) {
    values.add(tokens.atIdentifier ? tokens.take() : '')
    const next = tokens.take()
    if (next === ')') return [...values].sort()
    if (next !== ',') {
      const expected = values.has('') ? `',', or identifier` : `',' or ')'`
      throw new SelectorError(`found '${next}', expected: ${expected}`)
    }
  }
}

function checkInteger(value: string): void {
  if (/^[-+]?\d+$/.test(value)) return
  const text = `for 'Gt', 'Lt' operators, the value must be an integer`
  throw new SelectorError(`values[0]: Invalid value: ${goQuote(value)}: ${text}`)
}

function checkAll(path: string, value: string, complaints: readonly string[]): void {
  if (complaints.length > 0)
    throw new SelectorError(`${path}: Invalid value: ${goQuote(value)}: ${complaints.join('; ')}`)
}
