import { mkdirSync, watch } from 'node:fs'
import type { Logger } from '@kemu/base'

/** Where the pod network's configuration appears, by convention (containerd and CRI-O read it there). */
export const cniConfigurationDir = '/etc/cni/net.d'

/**
 * Tells when the pod network may have become ready, or unready. CRI has no event for it; the runtime answers the truth,
 * but upstream asks it every 5 s only.
 */
export function watchCniConfiguration(
  dir: string,
  logger: Logger,
  onChange: () => void,
): { close(): void } {
  mkdirSync(dir, { recursive: true })
  const watcher = watch(dir, onChange)
  watcher.on('error', (err) => logger.warn('Cannot follow the CNI directory', { dir, err }))
  return watcher
}
