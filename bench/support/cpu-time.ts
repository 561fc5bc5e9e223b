import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BenchCluster } from './bench-cluster.ts'

/** Processor time by part, ms: what a machine that is busy with other things does not change. */
export type CpuTimes = ReadonlyMap<string, number>

/** The parts of a whole system by pid: each stands for itself and for all its children that are no part themselves. */
export type Parts = ReadonlyMap<number, string>

const tickMs = 10

/** kemu's components, as `kemu status` names them. */
export function partsOfCluster(cluster: BenchCluster): Parts {
  const parts = new Map<number, string>()
  for (const line of cluster.kemu('status').split('\n')) {
    const cells = line.split(/ {2,}/)
    if (/^\d+$/.test(cells[2] ?? '')) parts.set(Number(cells[2]), cells[1]!)
    else if (/^\d+$/.test(cells[3] ?? '')) parts.set(Number(cells[3]), 'host')
  }
  return parts
}

/** The parts of what `peers up` started, from the pid files beside its kubeconfig. */
export function partsOfPeers(kubeconfig: string): Parts {
  const folder = dirname(kubeconfig)
  const files = readdirSync(folder).filter((file) => file.endsWith('.pid'))
  return new Map(
    files.map((file) => [Number(readFileSync(join(folder, file), 'utf8')), file.slice(0, -4)]),
  )
}

/** What the parts have used until now; ended children count where they were waited for. */
export function cpuTimes(parts: Parts): CpuTimes {
  const table = new Map<number, { parent: number; ms: number }>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid)
    if (fields) {
      const ticks = fields.slice(11, 15).reduce((sum, value) => sum + Number(value), 0)
      table.set(Number(pid), { parent: Number(fields[1]), ms: ticks * tickMs })
    }
  }
  const times = new Map<string, number>()
  for (const [pid, { ms }] of table) {
    let at: number | undefined = pid
    while (at !== undefined && !parts.has(at)) at = table.get(at)?.parent
    if (at !== undefined) times.set(parts.get(at)!, (times.get(parts.get(at)!) ?? 0) + ms)
  }
  return times
}

/** Fields of /proc/PID/stat from the state on; undefined for a process that is gone. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
