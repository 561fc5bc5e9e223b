import { readdirSync, readFileSync } from 'node:fs'

/** Every process of the cluster by what its command line holds; pids as this machine sees them. */
export function processesOf(stateDir: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      command: read(`/proc/${name}/cmdline`),
      environ: read(`/proc/${name}/environ`),
    }))
    .filter(({ command, environ }) => command.includes(stateDir) || environ.includes(stateDir))
    .map(({ pid, command }) => ({ pid, command: command.replaceAll('\0', ' ').trim() }))
}

/** The words of a process's command line; empty when it is gone. */
export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
}

/** Every process below this one. */
export function descendantsOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => new RegExp(`^PPid:\\t${pid}$`, 'm').test(read(`/proc/${name}/status`)))
    .map(Number)
  return [...children, ...children.flatMap(descendantsOf)]
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
