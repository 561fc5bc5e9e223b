import { readdirSync, readFileSync } from 'node:fs'
import { parseOptions, UsageError } from '../options.ts'

interface Sample {
  readonly processes: readonly Process[]
  /** Ticks of all processors by /proc/stat's columns: user, nice, system, idle, io, irq, softirq. */
  readonly ticks: readonly number[]
}

interface Process {
  readonly pid: string
  readonly ppid: string
  readonly user: string
  readonly state: string
  readonly sizeKib: number
  readonly processor: string
  readonly ticks: number
  readonly command: string
}

const clear = '\u001B[H\u001B[J'

/** `top [-b] [-n COUNT] [-d SECONDS]`: the processes, again and again; where there is no terminal too. */
export async function top(args: readonly string[]): Promise<number> {
  const { given } = parseOptions(args, { withValue: ['n', 'd'], plain: ['b', 'H', 'm'] })
  const count = numberOf(given.get('n')?.at(-1) ?? 'Infinity')
  const pauseMs = numberOf(given.get('d')?.at(-1) ?? '5') * 1000
  const screen = process.stdout.isTTY && !given.has('b')
  let before: Sample = { processes: [], ticks: [] }
  for (let round = 0; round < count; round++) {
    if (round > 0) await pause(pauseMs)
    const now = takeSample()
    process.stdout.write(`${screen ? clear : ''}${render(before, now)}\n`)
    before = now
  }
  return 0
}

function numberOf(text: string): number {
  const value = Number(text)
  if (Number.isNaN(value) || value < 0) throw new UsageError(`invalid number '${text}'`)
  return value
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

function takeSample(): Sample {
  const names = usersById()
  const processes = readdirSync('/proc').flatMap((pid) =>
    /^\d+$/.test(pid) ? readProcess(pid, names) : [],
  )
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  return { processes, ticks: first.split(/ +/).slice(1, 8).map(Number) }
}

function usersById(): Map<string, string> {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    return new Map(lines.map((line) => line.split(':')).map(([name = '', , id = '']) => [id, name]))
  } catch {
    return new Map() // an image without users
  }
}

/** One process; none when it ended meanwhile. */
function readProcess(pid: string, names: ReadonlyMap<string, string>): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const uid = /^Uid:\t(\d+)/m.exec(status)?.[1] ?? '0'
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
    const process = {
      pid,
      ppid: fields[1]!,
      user: names.get(uid) ?? uid,
      state: fields[0]!,
      sizeKib: Number(fields[20]) / 1024,
      processor: fields[36]!,
      ticks: Number(fields[11]) + Number(fields[12]),
      command: words || `[${name}]`,
    }
    return [process]
  } catch {
    return []
  }
}

function render(before: Sample, now: Sample): string {
  const spent = now.ticks.map((ticks, i) => ticks - (before.ticks[i] ?? 0))
  const total = spent.reduce((sum, ticks) => sum + ticks, 0) || 1
  const share = (ticks: number): string => `${Math.round((100 * ticks) / total)}%`.padStart(4)
  const [usr = 0, nic = 0, sys = 0, idle = 0, io = 0, irq = 0, sirq = 0] = spent
  const kib = memoryKib()
  const old = new Map(before.processes.map((process) => [process.pid, process.ticks]))
  const used = (process: Process): number => process.ticks - (old.get(process.pid) ?? 0)
  const rows = now.processes.toSorted((a, b) => used(b) - used(a) || b.sizeKib - a.sizeKib)
  return [
    `Mem: ${kib('MemTotal') - kib('MemFree')}K used, ${kib('MemFree')}K free, ${kib('Shmem')}K shrd, ${kib('Buffers')}K buff, ${kib('Cached')}K cached`,
    `CPU:${share(usr)} usr${share(sys)} sys${share(nic)} nic${share(idle)} idle${share(io)} io${share(irq)} irq${share(sirq)} sirq`,
    `Load average: ${readFileSync('/proc/loadavg', 'utf8').trim()}`,
    '  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND',
    ...rows.map((process) => {
      const size = `${Math.round((100 * process.sizeKib) / kib('MemTotal'))}%`
      return [
        process.pid.padStart(5),
        process.ppid.padStart(5),
        process.user.padEnd(8),
        process.state.padEnd(3),
        String(Math.round(process.sizeKib)).padStart(6),
        size.padStart(4),
        process.processor.padStart(3),
        share(used(process)),
        process.command,
      ].join(' ')
    }),
  ].join('\n')
}

function memoryKib(): (name: string) => number {
  const text = readFileSync('/proc/meminfo', 'utf8')
  return (name) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0)
}
