import { readFileSync } from 'node:fs'

/** What the machine uses, read from /proc. */
export interface NodeUsage {
  readonly cpuNanos: bigint
  readonly memoryTotalBytes: number
  readonly memoryAvailableBytes: number
  readonly bootAtMs: number
}

/** USER_HZ of Linux. */
const nanosPerTick = 10_000_000n

export function readNodeUsage(): NodeUsage {
  const stat = readFileSync('/proc/stat', 'utf8')
  const meminfo = readFileSync('/proc/meminfo', 'utf8')
  const [user, nice, system, , , irq, softirq] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map((ticks) => BigInt(ticks || '0'))
  const busy = [user, nice, system, irq, softirq].reduce<bigint>((sum, t) => sum + (t ?? 0n), 0n)
  const kib = (name: string): number =>
    1024 * Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0)
  return {
    cpuNanos: busy * nanosPerTick,
    memoryTotalBytes: kib('MemTotal'),
    memoryAvailableBytes: kib('MemAvailable'),
    bootAtMs: 1000 * Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0),
  }
}
