import { watch } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Tells when something changes in the file's directory: a ConfigMap volume never writes its files, it swaps a link
 * beside them. The caller compares the content.
 */
export function watchFile(file: string, changed: () => void): { close(): void } {
  const watcher = watch(dirname(file), { persistent: false }, changed)
  return { close: () => watcher.close() }
}
