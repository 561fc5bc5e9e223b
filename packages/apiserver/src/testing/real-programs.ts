import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/**
 * A real program of Kubernetes: in a folder of `KEMU_TEST_PROGRAMS`, built by the peers tool, or on PATH; undefined
 * where there is none. In CI nothing may be missing.
 */
export function findProgram(name: string): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const peers = process.env['KEMU_PEERS'] ?? join(cache, 'kemu-peers')
  const listed = (variable: string): string[] =>
    (process.env[variable] ?? '').split(delimiter).filter((folder) => folder !== '')
  const folders = [...listed('KEMU_TEST_PROGRAMS'), join(peers, 'bin'), ...listed('PATH')]
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (found === undefined && process.env['CI'])
    throw new Error(`no ${name}; in CI no test is skipped`)
  return found
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
