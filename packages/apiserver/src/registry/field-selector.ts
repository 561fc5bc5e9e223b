import { badRequest } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { KindDefinition } from '@kemu/api/kinds'

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: string
  readonly value: string
  readonly negated: boolean
}

const alwaysSelectable = new Set(['metadata.name', 'metadata.namespace'])

/**
 * Parses `a=b,c!=d`; fields that the kind does not offer are refused, in the words of upstream's conversion
 * functions.
 */
export async function parseFieldSelector(
  definition: KindDefinition,
  text: string,
): Promise<FieldTerm[]> {
  const terms = splitTerms(text).map(parseTerm)
  const others = terms.filter(({ field }) => !alwaysSelectable.has(field))
  if (others.length === 0) return terms
  const offered = await fieldNamesOf(definition)
  for (const { field } of others) {
    if (offered.has(field)) continue
    throw badRequest(
      definition.selectableFields
        ? `field label not supported: ${field}`
        : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
    )
  }
  return terms
}

const fieldNames = new WeakMap<KindDefinition, ReadonlySet<string>>()

/** A kind's selectable fields are those of an object that has nothing set. */
async function fieldNamesOf(definition: KindDefinition): Promise<ReadonlySet<string>> {
  const known = fieldNames.get(definition)
  if (known) return known
  const { catalogue, decodeValue } = await import('@kemu/api/schema')
  const empty = decodeValue(catalogue().definition(definition.schema), {}).object
  const names = new Set(
    Object.keys(definition.selectableFields?.(empty as unknown as KubeObject) ?? {}),
  )
  fieldNames.set(definition, names)
  return names
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
