import {
  boolYaml11Tag,
  CORE_SCHEMA,
  defineScalarTag,
  dump,
  load,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
} from 'js-yaml'

/**
 * Integers as Go writes them: 0x1f, 0b1, 0o17, and with a leading zero octal, as file modes are often
 * written.
 */
const integerTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: '-+0123456789'.split(''),
  resolve: (source) => {
    const match =
      /^([-+]?)(?:0x([0-9a-f]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))$/i.exec(
        source.replaceAll('_', ''),
      ) ?? []
    const [, sign, hex, binary, octal, decimal] = match
    if (match.length === 0) return NOT_RESOLVED
    const digits = hex ?? binary ?? octal ?? decimal!
    const base = hex ? 16 : binary ? 2 : octal ? 8 : 10
    return (sign === '-' ? -1 : 1) * Number.parseInt(digits, base)
  },
  identify: (value) => Number.isInteger(value),
  represent: (value: number) => String(value),
})

/** YAML as Kubernetes reads it: Go's numbers, and `yes` and `on` are booleans; no dates. */
export const yamlSchema = CORE_SCHEMA.withTags(mergeTag, boolYaml11Tag, integerTag)

/** More aliases or depth than any honest document has; what passes them is refused, not expanded. */
export const yamlLimits = { maxAliases: 1000, maxDepth: 200 }

/** One document. Throws js-yaml's YAMLException, whose message tells line and column. */
export function parseYaml(text: string): unknown {
  return load(text, { schema: yamlSchema, ...yamlLimits })
}

/** All documents of a file; empty ones are left out. */
export function parseYamlDocuments(text: string): unknown[] {
  return loadAll(text, { schema: yamlSchema, ...yamlLimits }).filter(
    (document) => document !== null && document !== undefined,
  )
}

const goStyle = {
  noRefs: true,
  lineWidth: -1,
  sortKeys: true,
  seqNoIndent: true,
  quoteStyle: 'double',
} as const

/** As sigs.k8s.io/yaml writes it: keys sorted, lists not indented, double quotes where quotes are needed. */
export function formatYaml(value: unknown): string {
  return dump(value, goStyle)
}
