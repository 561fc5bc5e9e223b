import { readdirSync, readFileSync } from 'node:fs'

/** A process and when it started: together they name it for good, since pids are used again. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot, /proc/PID/stat field 22. */
  readonly startTicks: string
}

/** The identity of a running process; undefined when there is none or it is a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command in parentheses may hold anything; the fields count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : { pid, startTicks: fields[19]! }
  } catch {
    return undefined
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks
}

/** Every process that carries this variable with this value in the environment it was started with. */
export function processesWithEnvironment(name: string, value: string): number[] {
  const wanted = Buffer.from(`\0${name}=${value}\0`)
  return pids().filter((pid) => {
    try {
      return Buffer.concat([Buffer.of(0), readFileSync(`/proc/${pid}/environ`)]).includes(wanted)
    } catch {
      return false
    }
  })
}

/** The process and all that descend from it. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const pid of pids()) {
    const parent = parentOf(pid)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found = [root]
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]!) ?? []))
  return found
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}
