import { close, fstatSync, openSync } from 'node:fs'
import { listPids, readProc, readProcLink, readStat, signalPid } from './procfs.ts'

/** How the processes of one container are told from all others. */
export type Membership =
  /** Isolated: nobody else is in the container's mount namespace. */
  | { readonly kind: 'mountNamespace'; readonly link: string }
  /** Plain: the session of the main process, and whoever carries the container's mark in its environment. */
  | { readonly kind: 'session'; readonly session: number; readonly mark: string }

/** The mark in the environment of a plain container's processes. */
export function environmentMark(containerId: string): string {
  return `KEMU_CONTAINER_ID=${containerId}`
}

/**
 * A container's mount namespace, held open: the kernel gives the number of a dead namespace to the next one, and
 * its processes would be taken for this container's.
 */
export class MountNamespace {
  readonly membership: Membership
  #fd: number | undefined

  private constructor(fd: number) {
    this.#fd = fd
    this.membership = { kind: 'mountNamespace', link: `mnt:[${fstatSync(fd).ino}]` }
  }

  /** Undefined when the process is gone or has no mount namespace of its own. */
  static hold(pid: number): MountNamespace | undefined {
    try {
      const held = new MountNamespace(openSync(`/proc/${pid}/ns/mnt`, 'r'))
      if (held.membership.kind === 'mountNamespace' && held.membership.link !== ownNamespace())
        return held
      held.release()
    } catch (error) {
      if (!['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error
    }
    return undefined
  }

  /** Not at once: the kernel takes the namespace's mounts down while the last holder closes it, which takes long. */
  release(): void {
    if (this.#fd !== undefined) close(this.#fd)
    this.#fd = undefined
  }
}

function ownNamespace(): string | undefined {
  return readProcLink('self/ns/mnt')
}

/** All processes of the container that live now, zombies left out. */
export function findProcesses(membership: Membership): number[] {
  return listPids().filter((pid) => isMember(pid, membership))
}

function isMember(pid: number, membership: Membership): boolean {
  if (membership.kind === 'mountNamespace') return readProcLink(`${pid}/ns/mnt`) === membership.link
  const stat = readStat(pid)
  if (!stat || stat.state === 'Z') return false
  return stat.session === membership.session || hasMark(pid, membership.mark)
}

function hasMark(pid: number, mark: string): boolean {
  const environment = readProc(`${pid}/environ`)
  return environment !== undefined && `\0${environment}`.includes(`\0${mark}\0`)
}

/**
 * Kills every process of the container but `reaper`, which waits for the first one and ends after it; looks again
 * until none is left, because a process may fork meanwhile.
 */
export function killProcesses(membership: Membership, reaper?: number): void {
  for (let pass = 0; pass < 10; pass++) {
    const pids = findProcesses(membership).filter((pid) => pid !== reaper)
    if (pids.length === 0) return
    for (const pid of pids) signalPid(pid, 'SIGKILL')
  }
}

/** The container that a process says it belongs to. */
export function strayMark(pid: number): string | undefined {
  const environment = `\0${readProc(`${pid}/environ`) ?? ''}`
  const at = environment.indexOf('\0KEMU_CONTAINER_ID=')
  return at < 0 ? undefined : environment.slice(at + 19, environment.indexOf('\0', at + 19))
}
