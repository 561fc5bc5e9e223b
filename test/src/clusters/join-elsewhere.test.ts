import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import type { Listed, PodObject } from '../support/objects.ts'
import { needs, root } from '../support/programs.ts'
import { run, succeed } from '../support/run.ts'

const skip =
  needs('kubectl', 'ip', 'unshare', 'nsenter') ||
  (process.getuid?.() === 0 ? false : 'needs root: a machine of its own is a network namespace')

/** Another machine on the cluster's network: a network namespace that only a wire connects. */
class Machine {
  static readonly address = '172.18.0.200'
  readonly #holder: ChildProcess
  readonly stateDir = mkdtempSync(join(tmpdir(), 'kemu-machine-'))

  private constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  static async start(fabricPid: number): Promise<Machine> {
    const script = `ip -batch - <<'END' && echo ready && exec sleep 1000
link set lo up
route add blackhole 10.0.0.0/8 metric 4000
link add eth0 type veth peer name v-machine netns ${fabricPid}
addr add ${Machine.address}/16 dev eth0
link set eth0 up
END`
    const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: 'pipe' })
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      holder.once('exit', (code) => reject(new Error(`the machine did not start (${code})`)))
    })
    const enter = ['--target', String(fabricPid), '--net']
    await succeed('nsenter', [...enter, 'ip', 'link', 'set', 'v-machine', 'master', 'br0', 'up'])
    const machine = new Machine(holder)
    await machine.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward')
    return machine
  }

  run(...command: readonly string[]): ReturnType<typeof run> {
    const enter = ['--target', String(this.#holder.pid), '--net']
    const env = { ...process.env, KEMU_STATE_DIR: this.stateDir }
    return run('nsenter', [...enter, ...command], { env })
  }

  kemu(...words: readonly string[]): ReturnType<typeof run> {
    return this.run(process.execPath, join(root, 'packages/cli/bin/kemu.cjs'), ...words)
  }

  async remove(): Promise<void> {
    await this.kemu('delete')
    this.#holder.kill('SIGKILL')
    rmSync(this.stateDir, { recursive: true, force: true })
  }
}

t.test('a machine joins a control plane that runs somewhere else', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 1, args: ['--network', 'netns'] })
  t.teardown(() => cluster.remove())
  const fabric = readFileSync(join(cluster.directory, 'fabric/fabric.json'), 'utf8')
  const machine = await Machine.start((JSON.parse(fabric) as { holder: number }).holder)
  t.teardown(() => machine.remove())
  const server = '172.18.0.10:6443'
  const words = (await cluster.kemuSucceeds('token create', '--print-join-command')).split(/\s+/)
  const hash = words[words.indexOf('--discovery-token-ca-cert-hash') + 1]!
  const token = words[words.indexOf('--token') + 1]!
  const joinWith = (at: string, pinned: string): ReturnType<typeof run> => {
    const trust = ['--token', token, '--discovery-token-ca-cert-hash', pinned]
    return machine.kemu('join', at, ...trust, '--node-name', 'elsewhere')
  }
  const isReady = (): Promise<true> =>
    eventually('its node is Ready', async () => {
      const { stdout } = await cluster.tryKubectl('get', 'node', 'elsewhere', '--no-headers')
      return stdout.includes(' Ready ') ? true : undefined
    })

  await t.test('what cannot be is said before anything is made', async (t) => {
    const port = await joinWith('172.18.0.10:7443', hash)
    t.equal(port.code, 2)
    t.match(port.stderr, /nodes reach a control plane at port 6443/)
    const pin = await joinWith(server, `sha256:${'0'.repeat(64)}`)
    t.equal(pin.code, 1)
    t.match(pin.stderr, /are pinned/)
    t.notOk(existsSync(join(machine.stateDir, 'kemu/cluster.json')))
  })

  await t.test('with a token and the hash of the CA it becomes a node', async (t) => {
    const joined = await joinWith(server, hash)
    t.equal(joined.code, 0, joined.stderr)
    t.match(joined.stdout, /This node has joined the cluster/)
    await isReady()
    const wide = await cluster.kubectl('get', 'node', 'elsewhere', '-o', 'wide')
    t.match(wide, Machine.address)
    t.equal((await machine.kemu('status')).code, 0)
    t.match((await machine.kemu('logs', 'kubelet')).stdout, /Started kubelet/)
  })

  await t.test('its pods are reached from the hosts of the control plane', async (t) => {
    await cluster.kubectl('run', 'web', '--image=hello', '--port=8001')
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=240s')
    const { items } = await cluster.json<Listed<PodObject>>('pods')
    t.equal(items[0]?.spec.nodeName, 'elsewhere')
    const get = `fetch('http://${items[0]!.status.podIP}:8001').then((a) => process.exit(a.ok ? 0 : 1))`
    await eventually('the master reaches the pod', async () => {
      const { code } = await cluster.kemu('enter', 'master', process.execPath, '-e', get)
      return code === 0 ? true : undefined
    })
  })

  await t.test('down and up again it needs no token', async (t) => {
    t.equal((await machine.kemu('down')).code, 0)
    const up = await machine.kemu('up')
    t.equal(up.code, 0, up.stderr)
    await isReady()
    const requests = (await cluster.kubectl('get', 'csr', '--no-headers')).trim().split('\n')
    t.equal(requests.length, 1, 'the certificate is the first one')
    t.match(requests[0], /Approved,Issued$/)
  })
})
