import { readdirSync, readFileSync } from 'node:fs'

/** A process and all below it, in whatever namespaces they are. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    const text = read(`/proc/${pid}/stat`)
    const parent = Number(text?.slice(text.lastIndexOf(')') + 2).split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const all = [root]
  for (const pid of all) all.push(...(children.get(pid) ?? []))
  return all
}

/** Proportional set size, in bytes. */
export function pssOf(pids: readonly number[]): number {
  const kib = pids.map((pid) => {
    const rollup = read(`/proc/${pid}/smaps_rollup`) ?? ''
    return Number(/^Pss: +(\d+)/m.exec(rollup)?.[1] ?? 0)
  })
  return kib.reduce((sum, value) => sum + value, 0) * 1024
}

/** Processor time of a container by its control group, in seconds: what was run in it from outside counts too. */
export function containerCpuSeconds(pid: number): number {
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  const v1 = /^\d+:[^:]*\bcpuacct\b[^:]*:(.*)$/m.exec(groups)?.[1]
  if (v1 !== undefined) {
    return Number(readFileSync(`/sys/fs/cgroup/cpuacct${v1}/cpuacct.usage`, 'utf8')) / 1e9
  }
  // packages/host/init/container.sh moves the processes one group down.
  const v2 = /^0::(.*)$/m.exec(groups)![1]!.replace(/\/init$/, '')
  const stat = readFileSync(`/sys/fs/cgroup${v2}/cpu.stat`, 'utf8')
  return Number(/^usage_usec (\d+)/m.exec(stat)![1]) / 1e6
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // The process ended in the meantime.
    return undefined
  }
}
