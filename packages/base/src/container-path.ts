import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Where a path of a container's file system really is. Where nothing can be mounted (no root, no user namespaces) the
 * host gives its processes a plain directory tree in `KEMU_ROOT_PREFIX` in place of a root of their own; a path that is
 * there is meant. Paths in files (a kubeconfig's tokenFile, say) need this; command lines are rewritten by the runtime.
 */
export function containerPath(
  path: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const prefix = env['KEMU_ROOT_PREFIX']
  if (!prefix || !path.startsWith('/')) return path
  const rooted = join(prefix, path)
  return existsSync(rooted) ? rooted : path
}
