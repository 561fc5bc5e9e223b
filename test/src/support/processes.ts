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

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
