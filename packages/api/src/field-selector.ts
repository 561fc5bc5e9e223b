import { SelectorError } from './label-requirement.ts'

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** A parsed field selector: all requirements must hold; a field that an object lacks is ''. */
export class FieldSelector {
  static readonly everything = new FieldSelector([])

  readonly requirements: readonly FieldRequirement[]

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements
  }

  get empty(): boolean {
    return this.requirements.length === 0
  }

  matches(fields: Readonly<Record<string, string>>): boolean {
    return this.requirements.every(({ field, operator, value }) => {
      const found = Object.hasOwn(fields, field) ? fields[field] : ''
      return (found === value) === (operator === '=')
    })
  }

  /** The value that the field must have, if the selector says so: a list of one name needs no list. */
  requiredValue(field: string): string | undefined {
    return this.requirements.find((r) => r.field === field && r.operator === '=')?.value
  }

  /** The notation of `--field-selector`. */
  toString(): string {
    return this.requirements
      .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
      .join(',')
  }
}

/**
 * * Parses `a=b`, `a==b` and `a!=b`, joined by commas; `\`, `,` and `=` in values are escaped by a
 * backslash. Terms are sorted, as upstream does. Throws a SelectorError with upstream's words. Which fields
 * there are is the kind's matter.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = splitTerms(text)
    .filter((term) => term !== '')
    .sort()
  return new FieldSelector(terms.map((term) => parseTerm(term, text)))
}

function splitTerms(text: string): string[] {
  return text.match(/(?:\\[\s\S]|[^\\,]|\\$)+/g) ?? []
}

function parseTerm(term: string, selector: string): FieldRequirement {
  const match = /^([\s\S]*?)(!=|==|=)([\s\S]*)$/.exec(term)
  if (!match) throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`)
  const [, field = '', operator, value = ''] = match
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeFieldValue(value) }
}

function unescapeFieldValue(text: string): string {
  return text.replaceAll(/\\([\s\S]?)|[,=]/g, (sequence, char: string | undefined) => {
    if (char === undefined) {
      // Go prints the rune's number.
      const code = sequence.codePointAt(0)
      throw new SelectorError(`invalid field selector: unescaped character in value: ${code}`)
    }
    if (char !== '' && '\\,='.includes(char)) return char
    throw new SelectorError(`invalid field selector: invalid escape sequence: ${sequence}`)
  })
}

/** A value as it may stand in a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replaceAll(/[\\,=]/g, (char) => `\\${char}`)
}
