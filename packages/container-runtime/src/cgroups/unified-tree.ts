import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { controllers } from './cgroup-places.ts'
import type { Controller } from './cgroup-places.ts'

/** How often processes are moved that were forked while others were. */
const movesMax = 10

/**
 * Hands a group's controllers on to its children and answers which those are. The kernel takes all names of one write
 * or none, so only what the group has itself is asked for (cgroup-v2.rst, "Enabling and Disabling").
 */
export function enableControllers(dir: string): Controller[] {
  const has = words(join(dir, 'cgroup.controllers'))
  const available = controllers.filter((controller) => has.includes(controller))
  const file = join(dir, 'cgroup.subtree_control')
  const enabled = words(file)
  const missing = available.filter((controller) => !enabled.includes(controller))
  if (missing.length > 0) writeFileSync(file, missing.map((name) => `+${name}`).join(' '))
  return available
}

/**
 * A container's own group looks like the root of the hierarchy but is none: while processes are in it, it cannot have
 * children with controllers. They move into a leaf. (The real root has no cgroup.type.)
 */
export function emptyRootGroup(dir: string): void {
  if (!existsSync(join(dir, 'cgroup.type'))) return
  for (let i = 0; i < movesMax; i++) {
    const pids = words(join(dir, 'cgroup.procs'))
    if (pids.length === 0) return
    mkdirSync(join(dir, 'init'), { recursive: true })
    for (const pid of pids) moveProcess(join(dir, 'init/cgroup.procs'), pid)
  }
}

function moveProcess(file: string, pid: string): void {
  try {
    writeFileSync(file, pid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it ended meanwhile
  }
}

function words(file: string): string[] {
  return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean)
}
