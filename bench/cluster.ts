// Start-up of a whole cluster, apply-to-ready, and what it costs when nothing happens.
//   npm run bench -- cluster [RUNS] [IDLE_SECONDS]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { machineLine, summary } from './support/figures.ts'

const root = process.env['KEMU_ROOT']!
const [runs = '5', idleSeconds = '60'] = process.argv.slice(2)
/** Of processor time, in /proc. */
const tickMs = 10
const state = mkdtempSync(join(tmpdir(), 'kemu-bench-'))
const env = { ...process.env, KEMU_STATE_DIR: state }

console.log(machineLine())
console.log(`kemu up --hosts 3 --example, ${runs} runs; idle over ${idleSeconds} s\n`)

const total: number[] = []
const processorTimes: number[] = []
const phases = new Map<string, number[]>()
for (let i = 0; i < Number(runs); i++) {
  const beganMs = performance.now()
  const waitedBefore = allTicksOf(process.pid)
  const output = kemu('up', '--example')
  total.push(performance.now() - beganMs)
  const ticks = [...clusterPids(), process.pid].map(allTicksOf)
  processorTimes.push((sum(ticks) - waitedBefore) * tickMs)
  for (const [, phase, text, ms] of phaseTimes(output)) {
    const name = `${phase}: ${text}`
    phases.set(name, [...(phases.get(name) ?? []), ms])
  }
  if (i + 1 < Number(runs)) kemu('delete')
}
for (const [name, values] of phases) console.log(`  ${name}: ${summary(values, 'ms')}`)
console.log(`command to answered request: ${summary(total, 'ms')}`)
console.log(`processor time of all processes until then: ${summary(processorTimes, 'ms')}`)

// The first window has the start's echo: collectors and optimizing compilers that settle. The third has what goes on for ever.
const windowMs = Number(idleSeconds) * 1000
const first = await cpuPercents()
await setTimeout(windowMs)
const third = await cpuPercents()
console.log('\nprocess                              RSS MB   PSS MB   CPU %  later %')
for (const { pid, name, rssMb, pssMb } of processes().filter((p) => p.rssMb >= 5)) {
  const sizes = `${rssMb.toFixed(0).padStart(6)} ${pssMb.toFixed(0).padStart(8)}`
  const loads = [first, third].map((percents) => (percents.get(pid) ?? 0).toFixed(2).padStart(8))
  console.log(`${name.padEnd(36)} ${sizes}${loads.join(' ')}`)
}
console.log(
  `all: ${sum(processes().map(({ pssMb }) => pssMb)).toFixed(0)} MB PSS, ` +
    `${sum(first.values()).toFixed(2)} % of one core in the first ${idleSeconds} s, ` +
    `${sum(third.values()).toFixed(2)} % in the third`,
)
kemu('delete')
rmSync(state, { recursive: true, force: true })

function kemu(...args: readonly string[]): string {
  const command = [join(root, 'packages/cli/bin/kemu.cjs'), ...args, '--name', 'bench']
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`kemu ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  return stdout
}

function phaseTimes(output: string): [string, string, string, number][] {
  return [...output.matchAll(/^\[([\w-]+)\] (.*) \(([\d.]+) (ms|s)\)$/gm)].map(
    ([line, phase, text, number, unit]) => [
      line,
      phase!,
      text!.replace(/:.*/, ''),
      Number(number) * (unit === 's' ? 1000 : 1),
    ],
  )
}

/** What each process that lives through the next window uses of one core. */
async function cpuPercents(): Promise<Map<number, number>> {
  const before = new Map(processes().map(({ pid, ticks }) => [pid, ticks]))
  await setTimeout(windowMs)
  const after = processes().filter(({ pid }) => before.has(pid))
  const percentOf = (ticks: number): number => (ticks * tickMs * 100) / windowMs
  return new Map(after.map(({ pid, ticks }) => [pid, percentOf(ticks - before.get(pid)!)]))
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0)
}

interface ProcessCost {
  readonly pid: number
  readonly name: string
  readonly ticks: number
  readonly rssMb: number
  readonly pssMb: number
}

/** Every process of the cluster: its fabric, and all below the hosts' first processes. */
function processes(): ProcessCost[] {
  return clusterPids().flatMap(costOf)
}

function clusterPids(): number[] {
  const cluster = join(state, 'bench')
  const hosts = readdirSync(join(cluster, 'hosts')).map((host) => {
    const file = join(cluster, 'hosts', host, 'host.pid')
    return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid
  })
  return [...fabricProcesses(), ...hosts.flatMap(family)]
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function fabricProcesses(): number[] {
  return allPids().filter((pid) => read(`/proc/${pid}/cmdline`).includes('kemu.cjs\0fabric'))
}

/** A process and all that descend from it. */
function family(root: number): number[] {
  const parents = new Map(allPids().map((pid) => [pid, Number(statOf(pid)[1])]))
  const found = [root]
  for (const pid of found) {
    found.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child))
  }
  return found
}

function costOf(pid: number): ProcessCost[] {
  const rollup = read(`/proc/${pid}/smaps_rollup`)
  const fields = statOf(pid)
  if (rollup === '' || fields.length === 0) return []
  const kb = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0)
  const command = read(`/proc/${pid}/cmdline`).split('\0')
  const at = command.findIndex((word) => word.endsWith('.cjs'))
  const name = at < 0 ? command[0]! : `${command[at]!.split('/').at(-1)} ${command[at + 1] ?? ''}`
  return [
    {
      pid,
      name: name.slice(0, 36),
      ticks: Number(fields[11]) + Number(fields[12]),
      rssMb: kb('Rss') / 1024,
      pssMb: kb('Pss') / 1024,
    },
  ]
}

/** Its own processor time and that of children that it waited for. */
function allTicksOf(pid: number): number {
  return sum(statOf(pid).slice(11, 15).map(Number))
}

function statOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
