import { spawnSync } from 'node:child_process'

let known: boolean | undefined

/**
 * Whether a namespace of this user can hold more users than itself: it has a range of them in /etc/subuid and
 * /etc/subgid, and newuidmap(1) and newgidmap(1) to hand them out. Asked by trying, once.
 */
export function hasSubordinateIds(): boolean {
  const flags = ['--user', '--map-root-user', '--map-auto']
  known ??= spawnSync('unshare', [...flags, 'true'], { stdio: 'ignore' }).status === 0
  return known
}
