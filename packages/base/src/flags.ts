import { parseDuration } from './duration.ts'

/** A flag's meaning; `duration` takes Go's notation and gives milliseconds, `list` splits at commas and repeats. */
export type FlagType = 'string' | 'boolean' | 'int' | 'number' | 'duration' | 'list' | 'map'

export interface FlagSpec {
  readonly type: FlagType
  /** Absent means undefined (strings, numbers), false, an empty list or an empty map. */
  readonly default?: string | number | boolean | readonly string[]
  readonly help: string
  /** The environment variable that stands in when the flag is not given. */
  readonly env?: string
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>

type FlagValue<S extends FlagSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['type'] extends 'list'
    ? string[]
    : S['type'] extends 'map'
      ? Record<string, string>
      : S['type'] extends 'string'
        ? S extends { default: string }
          ? string
          : string | undefined
        : S extends { default: number | string }
          ? number
          : number | undefined

/** Values by the flag's own name: `flags['data-dir']`. */
export type Flags<Specs extends FlagSpecs> = { [Name in keyof Specs]: FlagValue<Specs[Name]> }

/** Wrong words on a command line: print the message, exit with 2. */
export class FlagError extends Error {
  override name = 'FlagError'
}

/** `--name=value`, `--name value`, `--bool`, `--bool=false`. An unknown flag or a stray word is refused. */
export function parseFlags<const Specs extends FlagSpecs>(
  specs: Specs,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Flags<Specs> {
  const given = collect(specs, args)
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(specs)) {
    const fromEnv = spec.env === undefined ? undefined : env[spec.env]
    const texts = given.get(name) ?? (fromEnv === undefined ? undefined : [fromEnv])
    values[name] = texts ? parseValue(name, spec, texts) : defaultValue(name, spec)
  }
  return values as Flags<Specs>
}

/** The flags as a help text, one a line, in the order of the table. */
export function describeFlags(specs: FlagSpecs): string {
  const rows = Object.entries(specs).map(([name, spec]) => {
    const left = spec.type === 'boolean' ? `--${name}` : `--${name} ${spec.type}`
    const shown =
      spec.default === undefined || spec.default === '' ? '' : ` (default ${String(spec.default)})`
    return [left, spec.help + shown] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join('\n')
}

function collect(specs: FlagSpecs, args: readonly string[]): Map<string, string[]> {
  const given = new Map<string, string[]>()
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    const match = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(arg)
    if (!match) throw new FlagError(`unexpected argument: ${arg}`)
    const name = match[1]!
    const spec = specs[name]
    if (!spec) throw new FlagError(`unknown flag: --${name}`)
    let text = match[2]
    if (text === undefined) {
      if (spec.type === 'boolean') text = 'true'
      else if (i + 1 < args.length) text = args[++i]!
      else throw new FlagError(`flag needs an argument: --${name}`)
    }
    given.set(name, [...(given.get(name) ?? []), text])
  }
  return given
}

function defaultValue(name: string, spec: FlagSpec): unknown {
  const fallback = spec.default
  if (fallback === undefined) {
    return spec.type === 'boolean'
      ? false
      : spec.type === 'list'
        ? []
        : spec.type === 'map'
          ? {}
          : undefined
  }
  if (typeof fallback === 'string') return parseValue(name, spec, [fallback])
  return Array.isArray(fallback) ? [...fallback] : fallback
}

function parseValue(name: string, spec: FlagSpec, texts: readonly string[]): unknown {
  const text = texts.at(-1)!
  const invalid = (why: string): FlagError =>
    new FlagError(`invalid argument ${JSON.stringify(text)} for "--${name}" flag: ${why}`)
  switch (spec.type) {
    case 'string':
      return text
    case 'boolean':
      if (!/^(true|false|1|0|t|f)$/i.test(text)) throw invalid('must be true or false')
      return /^(true|1|t)$/i.test(text)
    case 'int':
      if (!/^[-+]?\d+$/.test(text)) throw invalid('must be an integer')
      return Number(text)
    case 'number':
      if (text === '' || Number.isNaN(Number(text))) throw invalid('must be a number')
      return Number(text)
    case 'duration': {
      const ms = parseDuration(text)
      if (ms === undefined) throw invalid('must be a duration such as 1m30s')
      return ms
    }
    case 'list':
      return texts.flatMap((t) => (t === '' ? [] : t.split(',')))
    case 'map':
      return Object.fromEntries(
        texts
          .flatMap((t) => (t === '' ? [] : t.split(',')))
          .map((pair) => {
            const at = pair.indexOf('=')
            if (at < 0) throw invalid('must be key=value pairs')
            return [pair.slice(0, at), pair.slice(at + 1)]
          }),
      )
  }
}
