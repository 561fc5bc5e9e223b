import { catalogue } from '../schema/catalogue.ts'
import type { GroupVersion } from '../schema/schema-node.ts'
import { definitionSchema, referencesOf } from './definition-schema.ts'
import type { Dialect, Json } from './json.ts'
import type { PathItem } from './operation.ts'

/** The definitions that the paths speak of, and all that these refer to, by name. */
export function definitionsOf(
  items: readonly PathItem[],
  dialect: Dialect,
  document?: GroupVersion,
): Json {
  const found = new Set<string>()
  const waiting = items.flatMap(({ operations }) =>
    operations.flatMap(({ answer, body }) => [
      ...(answer === 'string' ? [] : [answer.definition]),
      ...(body ? [body.definition] : []),
    ]),
  )
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue
    found.add(name)
    waiting.push(...referencesOf(catalogue().definition(name)))
  }
  return Object.fromEntries(
    [...found]
      .sort()
      .map((name) => [name, definitionSchema(catalogue().definition(name), dialect, document)]),
  )
}
