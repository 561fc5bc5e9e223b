import { apiVersionOf, badRequest } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: string
  readonly value: string
  readonly negated: boolean
}

const alwaysSelectable = new Set(['metadata.name', 'metadata.namespace'])

/** Parses `a=b,c!=d`; fields that the kind does not offer are refused, in the words of upstream's conversion functions. */
export function parseFieldSelector(definition: KindDefinition, text: string): FieldTerm[] {
  const terms = splitTerms(text).map(parseTerm)
  for (const { field } of terms) {
    if (alwaysSelectable.has(field) || field in fieldsOf(definition)) continue
    throw badRequest(
      definition.selectableFields
        ? `field label not supported: ${field}`
        : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
    )
  }
  return terms
}

/** A kind's selectable fields are those of an object that has nothing set. */
function fieldsOf(definition: KindDefinition): Record<string, string> {
  const { type } = definition
  const empty = {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' },
  }
  return definition.selectableFields?.(empty) ?? {}
}

/** Commas, with backslash as the escape (fields.ParseSelector). */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let current = ''
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '\\' && i + 1 < text.length) current += text[i]! + text[++i]!
    else if (text[i] === ',') {
      terms.push(current)
      current = ''
    } else current += text[i]
  }
  return [...terms, current].filter((term) => term !== '')
}

function parseTerm(term: string): FieldTerm {
  const match = /^((?:[^\\=!]|\\.)*?)(!=|==|=)([\s\S]*)$/.exec(term)
  if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`)
  const [, field, operator, value] = match
  return { field: field!, value: unescape(value!), negated: operator === '!=' }
}

function unescape(value: string): string {
  return value.replaceAll(/\\([\\,=])/g, '$1')
}
