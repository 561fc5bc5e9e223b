import { boolYaml11Tag, CORE_SCHEMA, dump, load, loadAll, mergeTag } from 'js-yaml'

/** YAML as Kubernetes reads it: 1.2 numbers, but `yes` and `on` are booleans; no dates. */
const schema = CORE_SCHEMA.withTags(mergeTag, boolYaml11Tag)

/** More aliases or depth than any honest document has; what passes them is refused, not expanded. */
const limits = { maxAliases: 1000, maxDepth: 200 }

/** One document. Throws js-yaml's YAMLException, whose message tells line and column. */
export function parseYaml(text: string): unknown {
  return load(text, { schema, ...limits })
}

/** All documents of a file; empty ones are left out. */
export function parseYamlDocuments(text: string): unknown[] {
  return loadAll(text, { schema, ...limits }).filter(
    (document) => document !== null && document !== undefined,
  )
}

export function formatYaml(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 })
}
