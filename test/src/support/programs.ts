import { accessSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

/** The clone that is being tested. */
export const root = resolve(import.meta.dirname, '../../..')

const chosen = process.env['KEMU_TEST_PROGRAMS']

/**
 * Where real programs may lie. Folders of `KEMU_TEST_PROGRAMS` come first, and whoever names them wants no others than
 * the machine's own beside them: a newer client that lies in the cache says other things.
 */
const folders = [
  ...(chosen?.split(delimiter) ?? [join(process.env['HOME'] ?? '/root', '.cache/kemu-peers/bin')]),
  ...(process.env['PATH'] ?? '').split(delimiter),
].filter((folder) => folder !== '')

/** A real program of this machine by its name; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  return folders
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** For `{ skip }` of a test: false, or the sentence that names what is missing. In CI nothing may be missing. */
export function needs(...names: readonly string[]): false | string {
  const missing = names.filter((name) => findProgram(name) === undefined)
  if (missing.length === 0) return false
  const sentence = `needs ${missing.join(', ')} on PATH`
  if (process.env['CI']) throw new Error(`${sentence}; in CI no test is skipped`)
  return sentence
}

/** False under `npm run test:e2e:real-etcd`: `kemu status` lists kemu's own programs. */
export const hasOwnEtcd = !process.env['KEMU_ETCD_PROGRAM']
