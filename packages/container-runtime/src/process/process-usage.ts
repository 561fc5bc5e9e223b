import type { ProcessUsage } from '../handler/handler.ts'
import { readProc, readStat } from './procfs.ts'

/** USER_HZ: the unit of times in /proc, 100 on every Linux that Node runs on. */
const nanosPerTick = 10_000_000n

/** What these processes use together, from /proc. Shared pages are counted in shares (PSS). */
export function measureUsage(pids: readonly number[]): ProcessUsage {
  let cpuTicks = 0
  let workingSetBytes = 0
  let rssBytes = 0
  let pageFaults = 0
  let majorPageFaults = 0
  for (const pid of pids) {
    const stat = readStat(pid)
    if (!stat) continue
    const memory = readProc(`${pid}/smaps_rollup`) ?? ''
    cpuTicks += stat.cpuTicks
    pageFaults += stat.minorFaults + stat.majorFaults
    majorPageFaults += stat.majorFaults
    workingSetBytes += kibibytes(memory, 'Pss') * 1024
    rssBytes += kibibytes(memory, 'Anonymous') * 1024
  }
  return {
    cpuNanos: BigInt(cpuTicks) * nanosPerTick,
    workingSetBytes,
    rssBytes,
    pageFaults,
    majorPageFaults,
    processes: pids.length,
  }
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}
