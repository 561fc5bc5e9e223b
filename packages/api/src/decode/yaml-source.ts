import { constructFromEvents, EVENT_ID, getScalarValue, parseEvents, YAMLException } from 'js-yaml'
import type { Event } from 'js-yaml'
import { yamlLimits, yamlSchema } from '../yaml.ts'

/** A text that is no YAML, or no YAML that could be JSON. The message begins with `yaml: `. */
export class YamlError extends Error {
  override name = 'YamlError'
}

export interface YamlSource {
  readonly value: unknown
  /** One text for all duplicate keys, as Go's strict reader puts it. */
  readonly strictErrors: readonly string[]
}

/** Go's words for what our YAML parser says in others. */
const words: Readonly<Record<string, string>> = {
  'tab characters must not be used in indentation':
    'found a tab character that violates indentation',
  'unexpected end of the stream within a flow collection': "did not find expected ',' or '}'",
  'bad indentation of a mapping entry': 'did not find expected key',
}

/** The first document of the text; of duplicate keys the last one counts. Throws a YamlError. */
export function readYamlSource(text: string): YamlSource {
  try {
    const events = parseEvents(text, { maxDepth: yamlLimits.maxDepth })
    const [value = null] = constructFromEvents(events, {
      source: text,
      schema: yamlSchema,
      json: true,
      maxAliases: yamlLimits.maxAliases,
    })
    const duplicates = findDuplicates(events, text)
    return { value, strictErrors: duplicates.length === 0 ? [] : [duplicateText(duplicates)] }
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    throw new YamlError(`yaml: ${goWords(error)}`, { cause: error })
  }
}

function goWords({ reason, mark }: YAMLException): string {
  const anchor = /^unidentified alias "(.*)"$/.exec(reason)?.[1]
  if (anchor !== undefined) return `unknown anchor '${anchor}' referenced`
  return `${mark ? `line ${mark.line + 1}: ` : ''}${words[reason] ?? reason}`
}

function duplicateText(duplicates: readonly Duplicate[]): string {
  const lines = duplicates.map(({ line, key }) => {
    return `  line ${line}: key ${JSON.stringify(key)} already set in map`
  })
  return ['yaml: unmarshal errors:', ...lines].join('\n')
}

interface Duplicate {
  readonly line: number
  readonly key: string
}

/** An open collection: the keys of a mapping so far, and whether its next node is a key. */
interface Level {
  readonly keys?: Set<string>
  atKey: boolean
}

function findDuplicates(events: readonly Event[], text: string): Duplicate[] {
  const duplicates: Duplicate[] = []
  const levels: Level[] = []
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      levels.pop()
      continue
    }
    const level = levels.at(-1)
    const isKey = level?.keys !== undefined && level.atKey
    if (level) level.atKey = !level.atKey
    if (isKey && event.type === EVENT_ID.SCALAR) {
      const key = getScalarValue(text, event)
      if (level.keys.has(key)) duplicates.push({ key, line: lineAt(text, event.valueStart) })
      level.keys.add(key)
    }
    if (event.type === EVENT_ID.MAPPING) levels.push({ keys: new Set(), atKey: true })
    else if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.DOCUMENT)
      levels.push({ atKey: false })
  }
  return duplicates
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Warnings come one by one, without the heading (endpoints/handlers parseYAMLWarnings). */
export function splitYamlWarnings(strictError: string): string[] {
  const heading = 'yaml: unmarshal errors:\n'
  if (!strictError.startsWith(heading)) return [strictError]
  return strictError
    .slice(heading.length)
    .split('\n')
    .map((line) => line.trim())
}
