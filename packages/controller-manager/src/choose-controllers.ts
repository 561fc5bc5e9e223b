import { FlagError } from '@kemu/base'
import type { ControllerEntry } from './registry.ts'

/** The controllers that --controllers asks for. Unknown names are refused. */
export function chooseControllers(
  entries: readonly ControllerEntry[],
  words: readonly string[],
  notEmulated: ReadonlySet<string>,
): ControllerEntry[] {
  for (const word of words) {
    const name = word.replace(/^-/, '')
    if (name === '*' || entries.some((entry) => named(entry, name))) continue
    if (word.startsWith('-') && notEmulated.has(name)) continue
    const why = notEmulated.has(name)
      ? 'is not emulated'
      : 'is not in the list of known controllers'
    throw new FlagError(`--controllers: "${name}" ${why}`)
  }
  return entries.filter((entry) => wanted(entry, words))
}

function wanted(entry: ControllerEntry, words: readonly string[]): boolean {
  for (const word of words) {
    if (word.startsWith('-') && named(entry, word.slice(1))) return false
    if (named(entry, word)) return true
  }
  return words.includes('*') && !entry.offByDefault
}

function named(entry: ControllerEntry, name: string): boolean {
  return entry.name === name || entry.alias === name
}
