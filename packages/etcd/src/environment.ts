import { FlagError } from '@kemu/base'
import type { FlagSpecs } from '@kemu/base'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * etcd refuses a setting that is given twice, as a flag and as its variable: which one was meant? Throws a FlagError
 * that names the variable.
 */
export function checkShadowed(specs: FlagSpecs, args: readonly string[], env: Environment): void {
  for (const arg of args) {
    const name = /^--?([^=]+)/.exec(arg)?.[1] ?? ''
    const variable = specs[name]?.env
    if (variable === undefined || env[variable] === undefined) continue
    throw new FlagError(
      `conflicting environment variable ${variable} is shadowed by corresponding command-line flag ` +
        `(either unset environment variable or disable flag)`,
    )
  }
}

/** Variables that begin like etcd's and mean nothing; etcd warns of them. */
export function unknownVariables(specs: FlagSpecs, env: Environment): string[] {
  const known = new Set(Object.values(specs).map((spec) => spec.env))
  return Object.keys(env).filter((name) => name.startsWith('ETCD_') && !known.has(name))
}
