/** A small command line: single letters that may stand together, long names, and what they take. */
export interface OptionSpec {
  /** Options that take a value, by letter or long name. */
  readonly withValue: readonly string[]
  /** Options that take none. */
  readonly plain: readonly string[]
}

export interface ParsedOptions {
  /** Every value of an option, in order; plain ones have empty texts. */
  readonly given: ReadonlyMap<string, readonly string[]>
  readonly words: readonly string[]
}

export class UsageError extends Error {
  override name = 'UsageError'
}

/** Parses as getopt_long(3) does: options may come after words, `--` ends them. */
export function parseOptions(args: readonly string[], spec: OptionSpec): ParsedOptions {
  const given = new Map<string, string[]>()
  const words: string[] = []
  const add = (name: string, value: string): void => {
    given.set(name, [...(given.get(name) ?? []), value])
  }
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      words.push(...rest.splice(0))
    } else if (arg.startsWith('--')) {
      const [name, value] = splitOnce(arg.slice(2), '=')
      if (spec.withValue.includes(name)) add(name, value ?? takeValue(name, rest))
      else if (spec.plain.includes(name) && value === undefined) add(name, '')
      else throw new UsageError(`unrecognized option '--${name}'`)
    } else if (arg.length > 1 && arg.startsWith('-')) {
      addLetters(arg.slice(1), rest, spec, add)
    } else words.push(arg)
  }
  return { given, words }
}

function addLetters(
  letters: string,
  rest: string[],
  spec: OptionSpec,
  add: (name: string, value: string) => void,
): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!
    if (spec.plain.includes(letter)) add(letter, '')
    else if (spec.withValue.includes(letter)) {
      const value = letters.slice(at + 1)
      return add(letter, value === '' ? takeValue(letter, rest) : value)
    } else throw new UsageError(`unrecognized option '-${letter}'`)
  }
}

function takeValue(name: string, rest: string[]): string {
  const value = rest.shift()
  if (value === undefined) throw new UsageError(`option '${name}' requires an argument`)
  return value
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
