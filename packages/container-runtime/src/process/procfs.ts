import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot, field 22 of /proc/PID/stat. */
  readonly startTicks: string
}

/** The fields of /proc/PID/stat (proc(5)) that we use. */
export interface ProcessStat extends ProcessIdentity {
  readonly state: string
  readonly parentPid: number
  readonly processGroup: number
  readonly session: number
  /** Device number of the controlling terminal; 0 without one. */
  readonly terminal: number
  /** User and system time, with that of children that were waited for. */
  readonly cpuTicks: number
  readonly minorFaults: number
  readonly majorFaults: number
  readonly rssPages: number
}

/** The command name may hold spaces and parentheses: the fields start after the last `)`. */
export function parseStat(text: string): ProcessStat | undefined {
  const end = text.lastIndexOf(')')
  if (end < 0) return undefined
  const fields = text.slice(end + 2).split(' ')
  const field = (number: number): string => fields[number - 3] ?? '0'
  return {
    pid: Number.parseInt(text, 10),
    state: field(3),
    parentPid: Number(field(4)),
    processGroup: Number(field(5)),
    session: Number(field(6)),
    terminal: Number(field(7)),
    minorFaults: Number(field(10)),
    majorFaults: Number(field(12)),
    cpuTicks: [14, 15, 16, 17].reduce((sum, number) => sum + Number(field(number)), 0),
    startTicks: field(22),
    rssPages: Number(field(24)),
  }
}

export function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`${pid}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

/** Alive and the same process; a zombie counts as gone. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid)
  return stat !== undefined && stat.startTicks === identity.startTicks && stat.state !== 'Z'
}

/** A file below /proc; undefined when the process is gone or not ours to look at. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1')
  } catch {
    return undefined
  }
}

export function readProcLink(path: string): string | undefined {
  try {
    return readlinkSync(`/proc/${path}`)
  } catch {
    return undefined
  }
}

export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Sends a signal unless the process is gone or its pid belongs to another by now. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals | number): boolean {
  if (!isAlive(identity)) return false
  return signalPid(identity.pid, signal)
}

export function signalPid(pid: number, signal: NodeJS.Signals | number): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** The process and everything below it, parents before children. */
export function readDescendants(root: number): number[] {
  const childrenOf = readChildren(root) ? (pid: number) => readChildren(pid) ?? [] : scanChildren()
  const family = [root]
  for (const pid of family) family.push(...childrenOf(pid))
  return family
}

/** The children of all threads of a process; undefined where the kernel does not list them (CONFIG_PROC_CHILDREN). */
function readChildren(pid: number): number[] | undefined {
  const lists = listThreads(pid).map((thread) => readProc(`${pid}/task/${thread}/children`))
  if (lists.length === 0 || lists.includes(undefined)) return undefined
  return lists.flatMap((text) => (text ?? '').split(' ').filter(Boolean).map(Number))
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return [] // the process is gone
  }
}

function scanChildren(): (pid: number) => number[] {
  const childrenOf = new Map<number, number[]>()
  for (const pid of listPids()) {
    const parent = readStat(pid)?.parentPid
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid])
  }
  return (pid) => childrenOf.get(pid) ?? []
}
