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

export function mountNamespaceOf(pid: number): string | undefined {
  return readProcLink(`${pid}/ns/mnt`)
}

/** All processes of the container that live now, zombies left out. */
export function findProcesses(membership: Membership): number[] {
  return listPids().filter((pid) => isMember(pid, membership))
}

function isMember(pid: number, membership: Membership): boolean {
  if (membership.kind === 'mountNamespace') return mountNamespaceOf(pid) === membership.link
  const stat = readStat(pid)
  if (!stat || stat.state === 'Z') return false
  return stat.session === membership.session || hasMark(pid, membership.mark)
}

export function hasMark(pid: number, mark: string): boolean {
  const environment = readProc(`${pid}/environ`)
  return environment !== undefined && `\0${environment}`.includes(`\0${mark}\0`)
}

/** Kills every process of the container; looks again until none is left, because a process may fork meanwhile. */
export function killProcesses(membership: Membership): void {
  for (let pass = 0; pass < 10; pass++) {
    const pids = findProcesses(membership)
    if (pids.length === 0) return
    for (const pid of pids) signalPid(pid, 'SIGKILL')
  }
}
