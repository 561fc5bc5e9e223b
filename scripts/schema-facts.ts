import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What our own table states of one field, beside its model (see packages/api/facts/README.md). */
export interface FieldFacts {
  readonly name: string
  /** Number in the protobuf encoding, 0 where there is none. */
  readonly number: number
  /** `''` left out when empty, `*` kept when stated, `!` always written, `~` left out when zero. */
  readonly presence: '' | '*' | '!' | '~'
  /** `go`, `via`, `list`, `patch`, `map`, `enum`, `default`. */
  readonly flags: Readonly<Record<string, string>>
}

export interface DefinitionFacts {
  readonly name: string
  /** `gvk`, `map`, `union`. */
  readonly flags: Readonly<Record<string, string>>
  readonly fields: readonly FieldFacts[]
}

/** Reads every file of the folder; the file's name is the prefix of its definitions. */
export function readFacts(folder: string): Map<string, DefinitionFacts> {
  const facts = new Map<string, DefinitionFacts>()
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.txt')) continue
    const text = readFileSync(join(folder, file), 'utf8')
    for (const block of text.split(/^# /m).slice(1)) {
      const definition = parseBlock(file.slice(0, -'.txt'.length), block)
      facts.set(definition.name, definition)
    }
  }
  return facts
}

function parseBlock(prefix: string, block: string): DefinitionFacts {
  const [heading = '', ...lines] = block.trimEnd().split('\n')
  const [short, ...flags] = heading.split(' ')
  const fields = lines.flatMap((line) => line.trim().split('; ')).filter(Boolean)
  return { name: `${prefix}.${short}`, flags: parseFlags(flags), fields: fields.map(parseField) }
}

function parseField(text: string): FieldFacts {
  const [name = '', number = '', ...flags] = text.split(' ')
  const match = /^(\d+|-)([*!~]?)$/.exec(number)
  if (!match) throw new Error(`facts: ${text}`)
  return {
    name,
    number: match[1] === '-' ? 0 : Number(match[1]),
    presence: match[2] as FieldFacts['presence'],
    flags: parseFlags(flags),
  }
}

function parseFlags(words: string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  )
}
