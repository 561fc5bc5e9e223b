import { join, relative } from 'node:path'

/** The controllers that limits of containers need. */
export const controllers = ['memory', 'cpu', 'pids'] as const
export type Controller = (typeof controllers)[number]

/** Where this process may make control groups. */
export type CgroupPlaces =
  | { readonly version: 1; readonly dirs: Readonly<Partial<Record<Controller, string>>> }
  | { readonly version: 2; readonly dir: string }

interface CgroupMount {
  /** What of the hierarchy is seen here. */
  readonly root: string
  readonly mountPoint: string
  readonly type: string
  readonly options: readonly string[]
}

/**
 * Reads /proc/self/mountinfo (proc(5)) and /proc/self/cgroup (cgroups(7)). Groups of version 1 are made below this
 * process's own, so that what limits this process limits its containers; those of version 2 below the mount, because a
 * group with processes may have no children with controllers. Undefined where nothing of use is mounted.
 */
export function findCgroups(mountInfo: string, selfCgroup: string): CgroupPlaces | undefined {
  const mounts = parseMounts(mountInfo)
  const own = parseOwn(selfCgroup)
  const dirs: Partial<Record<Controller, string>> = {}
  for (const controller of controllers) {
    const mount = mounts.find(
      ({ type, options }) => type === 'cgroup' && options.includes(controller),
    )
    if (mount) dirs[controller] = visiblePlace(mount, own.get(controller) ?? '/')
  }
  if (Object.keys(dirs).length > 0) return { version: 1, dirs }
  const unified = mounts.find(({ type }) => type === 'cgroup2')
  return unified && { version: 2, dir: unified.mountPoint }
}

function parseMounts(mountInfo: string): CgroupMount[] {
  return mountInfo.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ')
    const [, , , root = '', mountPoint = ''] = left.split(' ')
    const [type = '', , options = ''] = right.split(' ')
    if (!type.startsWith('cgroup')) return []
    return [{ root, mountPoint, type, options: options.split(',') }]
  })
}

/** This process's group by controller. */
function parseOwn(selfCgroup: string): Map<string, string> {
  const entries = selfCgroup.split('\n').flatMap((line) => {
    const [, names = '', ...path] = line.split(':')
    return names.split(',').map((name) => [name, path.join(':')] as const)
  })
  return new Map(entries)
}

/** In a container the mount shows only the container's own part of the hierarchy. */
function visiblePlace({ root, mountPoint }: CgroupMount, own: string): string {
  const below = relative(root, own)
  return below.startsWith('..') ? mountPoint : join(mountPoint, below)
}
