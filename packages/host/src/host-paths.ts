import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Isolation } from '@kemu/network'

/**
 * The places of a host. `inside` is what its processes see: with namespaces the host's directory is their root, so the
 * paths are kubeadm's; without, they are the real ones.
 */
export interface HostPaths {
  /** Turns a path such as /etc/kubernetes/pki into the one that the host's own processes must use. */
  readonly inside: (path: string) => string
  /** The same file as the person sees it who runs kemu. */
  readonly outside: (path: string) => string
}

export function hostPaths(hostDir: string, isolation: Isolation): HostPaths {
  const outside = (path: string): string => join(hostDir, path)
  return { outside, inside: isolation === 'none' ? outside : (path) => path }
}

/**
 * A short way to a host's run directory: unix socket paths end at 107 bytes and state directories are deep. It is a
 * symbolic link, made when the host starts.
 */
export function shortRunDir(hostDir: string, uid: number): string {
  const id = createHash('sha256').update(hostDir).digest('hex').slice(0, 10)
  return join(`/tmp/kemu-${uid}`, id)
}
