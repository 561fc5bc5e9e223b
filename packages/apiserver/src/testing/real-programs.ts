import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * A real Kubernetes program, built by the peers tool or found on PATH; undefined where there is
 * none.
 */
export function findProgram(name: string): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const peers = process.env['KEMU_PEERS'] ?? join(cache, 'kemu-peers')
  const folders = [join(peers, 'bin'), ...(process.env['PATH'] ?? '').split(':')]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
