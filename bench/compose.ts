// docker-compose.yml: from `up -d` to three Ready nodes, and what each host container costs when nothing happens.
//   npm run bench -- compose [RUNS] [IDLE_SECONDS]     needs a Docker engine and docker-compose; builds the image first
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { machineLine, median, summary } from './support/figures.ts'
import { containerCpuSeconds, descendants, pssOf } from './support/process-cost.ts'

const root = process.env['KEMU_ROOT']!
const [runs = '3', idleSeconds = '60'] = process.argv.slice(2)
const project = 'kemu-bench'
const dir = mkdtempSync(join(tmpdir(), 'kemu-bench-'))
const kubeconfig = join(dir, 'config')
const env = {
  ...process.env,
  COMPOSE_PROJECT_NAME: project,
  KUBECONFIG_DIR: dir,
  KEMU_API_PORT: process.env['KEMU_API_PORT'] ?? '16449',
}
const compose =
  spawnSync('docker-compose', ['version']).status === 0 ? ['docker-compose'] : ['docker', 'compose']

console.log(machineLine())
run([...compose, 'build', '-q', '--build-arg', 'BUNDLES=machine', 'master'])
const bytes = Number(run(['docker', 'image', 'inspect', '--format', '{{.Size}}', 'kemu']))
console.log(`image: ${(bytes / 1e6).toFixed(0)} MB; ${runs} runs; idle over ${idleSeconds} s\n`)
try {
  await measure()
} finally {
  down()
  rmSync(dir, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const commandMs: number[] = []
  const readyMs: number[] = []
  for (let i = 0; i < Number(runs); i++) {
    down()
    const beganMs = performance.now()
    run([...compose, 'up', '-d'])
    commandMs.push(performance.now() - beganMs)
    await threeReady()
    readyMs.push(performance.now() - beganMs)
  }
  console.log(`up -d returns: ${summary(commandMs, 'ms')}`)
  console.log(`three nodes Ready: ${summary(readyMs, 'ms')}\n`)
  await costs()
}

async function threeReady(): Promise<void> {
  for (;;) {
    const args = ['--kubeconfig', kubeconfig, 'get', 'nodes', '--no-headers']
    const { stdout } = spawnSync('kubectl', args, { encoding: 'utf8' })
    if (stdout.match(/ Ready /g)?.length === 3) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Per host container; the middle of three windows for the processor time. */
async function costs(): Promise<void> {
  const hosts = ['master', 'worker1', 'worker2'].map((name) => {
    const label = `label=com.docker.compose.service=${name}`
    const ours = `label=com.docker.compose.project=${project}`
    const id = run(['docker', 'ps', '--quiet', '--filter', label, '--filter', ours])
    const pid = Number(run(['docker', 'inspect', '--format', '{{.State.Pid}}', id]))
    return { name, pid, percents: [] as number[] }
  })
  const windowSeconds = Number(idleSeconds) / 3
  for (let window = 0; window < 3; window++) {
    const before = hosts.map(({ pid }) => containerCpuSeconds(pid))
    await new Promise((resolve) => setTimeout(resolve, windowSeconds * 1000))
    hosts.forEach((host, i) => {
      const spent = containerCpuSeconds(host.pid) - before[i]!
      host.percents.push((100 * spent) / windowSeconds)
    })
  }
  console.log('host       processes   PSS MB   CPU %')
  for (const { name, pid, percents } of hosts) {
    const pids = descendants(pid)
    const pssMb = (pssOf(pids) / 1e6).toFixed(0)
    const cpu = median(percents).toFixed(2)
    console.log(
      `${name.padEnd(10)} ${String(pids.length).padStart(9)} ${pssMb.padStart(8)} ${cpu.padStart(7)}`,
    )
  }
  const [load = ''] = readFileSync('/proc/loadavg', 'utf8').split(' ')
  console.log(`\nload of the machine meanwhile: ${load}`)
}

function down(): void {
  run([...compose, 'down', '--volumes', '--timeout', '3'])
}

function run([program, ...args]: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program!, args, { cwd: root, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stderr}`)
  return stdout.trim()
}
