import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep, systemClock } from '@kemu/base'
import type { Message } from '@kemu/rpc'
import type { ContainerConfig, ContainerStatus, PodSandboxConfig } from '@kemu/rpc/cri'
import { CriClient } from '../client/index.ts'

const kemu = fileURLToPath(new URL('../../../cli/bin/kemu.cjs', import.meta.url))

export interface RuntimeFixtureOptions {
  readonly isolation: 'auto' | 'plain'
  readonly lifeline?: string
  readonly ociRuntime?: 'auto' | 'none'
  /** `netns`: the runtime gets a network namespace of its own (needs root, or user namespaces). */
  readonly network?: 'loopback' | 'netns'
  /** Where plugins are; if given, the test configures the network itself. */
  readonly cniBinDirs?: readonly string[]
}

/** A pod of a test, with the directory of its logs. */
export interface TestPod {
  readonly id: string
  readonly config: Message<PodSandboxConfig>
  readonly logDir: string
}

/** A runtime in a process of its own with a temporary directory, and a CRI client for it. */
export class RuntimeFixture {
  readonly dir: string
  readonly socket: string
  readonly #options: RuntimeFixtureOptions
  #child: ChildProcess | undefined
  #client: CriClient | undefined
  #attempts = 0

  constructor(options: RuntimeFixtureOptions) {
    this.#options = options
    this.dir = mkdtempSync(join(tmpdir(), 'kemu-cri-'))
    this.socket = join(this.dir, 'cri.sock')
  }

  get client(): CriClient {
    if (!this.#client) throw new Error('the runtime is not started')
    return this.#client
  }

  get cniConfDir(): string {
    return join(this.dir, 'net.d')
  }

  configureNetwork(file: string, list: object): void {
    writeFileSync(join(this.cniConfDir, file), JSON.stringify(list))
  }

  get pid(): number {
    return this.#child!.pid!
  }

  async start(): Promise<void> {
    const isNetns = this.#options.network === 'netns'
    if (!existsSync(this.cniConfDir)) {
      mkdirSync(this.cniConfDir, { recursive: true })
      if (this.#options.cniBinDirs === undefined)
        this.configureNetwork('10-pod-network.conflist', builtInList(isNetns))
    }
    const words = [
      process.execPath,
      kemu,
      'container-runtime',
      `--listen=unix://${this.socket}`,
      `--root=${join(this.dir, 'root')}`,
      `--isolation=${this.#options.isolation}`,
      `--oci-runtime=${this.#options.ociRuntime ?? 'auto'}`,
      `--network=${this.#options.network ?? 'loopback'}`,
      `--node-address=${isNetns ? '10.9.0.1' : '127.77.0.1'}`,
      `--cni-conf-dir=${this.cniConfDir}`,
      `--cni-bin-dir=${(this.#options.cniBinDirs ?? []).join(',')}`,
      `--cni-state-dir=${join(this.dir, 'cni-state')}`,
      '--log-level=warn',
    ]
    const [program = '', ...args] = isNetns ? [...ownNetwork(), ...words] : words
    this.#child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, KEMU_LIFELINE: this.#options.lifeline ?? '', KEMU_HOSTS_FILE: '' },
    })
    this.#client = new CriClient(this.socket)
    await this.#client.ready(120_000)
  }

  /** kill -9, as the emulation's users do it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Removes every pod, ends the runtime and deletes its directory. */
  async close(): Promise<void> {
    const { items } = await this.client.runtime.ListPodSandbox({})
    for (const { id } of items) await this.removePod(id)
    await this.#end('SIGTERM')
    rmSync(this.dir, { recursive: true, force: true })
  }

  async runPod(name: string, extra: Message<PodSandboxConfig> = {}): Promise<TestPod> {
    const logDir = join(this.dir, 'logs', name)
    mkdirSync(logDir, { recursive: true })
    const config: Message<PodSandboxConfig> = {
      metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt: 0 },
      hostname: name,
      logDirectory: logDir,
      linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
      ...extra,
    }
    const { podSandboxId } = await this.client.runtime.RunPodSandbox({ config })
    return { id: podSandboxId, config, logDir }
  }

  async removePod(id: string): Promise<void> {
    await this.client.runtime.StopPodSandbox({ podSandboxId: id })
    await this.client.runtime.RemovePodSandbox({ podSandboxId: id })
  }

  async create(
    pod: TestPod,
    name: string,
    image: string,
    extra: Message<ContainerConfig> = {},
  ): Promise<string> {
    const imageRef = await this.#imageRef(image)
    const config: Message<ContainerConfig> = {
      metadata: { name, attempt: this.#attempts++ },
      image: { image: imageRef },
      logPath: `${name}.log`,
      linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
      ...extra,
    }
    const { containerId } = await this.client.runtime.CreateContainer({
      podSandboxId: pod.id,
      config,
      sandboxConfig: pod.config,
    })
    return containerId
  }

  /** As the kubelet does it with IfNotPresent. */
  async #imageRef(image: string): Promise<string> {
    const { image: present } = await this.client.images.ImageStatus({ image: { image } })
    return present?.id ?? (await this.client.images.PullImage({ image: { image } })).imageRef
  }

  async run(
    pod: TestPod,
    name: string,
    image: string,
    extra: Message<ContainerConfig> = {},
  ): Promise<string> {
    const containerId = await this.create(pod, name, image, extra)
    await this.client.runtime.StartContainer({ containerId })
    return containerId
  }

  /** `sh -c SCRIPT` in busybox. */
  shell(pod: TestPod, name: string, script: string): Promise<string> {
    return this.run(pod, name, 'busybox', { command: ['sh', '-c', script] })
  }

  async exec(
    containerId: string,
    ...cmd: string[]
  ): Promise<{ stdout: string; stderr: string; code: number }> {
    const answer = await this.client.runtime.ExecSync({ containerId, cmd, timeout: '120' })
    return {
      stdout: answer.stdout.toString(),
      stderr: answer.stderr.toString(),
      code: answer.exitCode,
    }
  }

  async status(containerId: string): Promise<ContainerStatus> {
    return (await this.client.runtime.ContainerStatus({ containerId })).status!
  }

  async pid1(containerId: string): Promise<number> {
    const { info } = await this.client.runtime.ContainerStatus({ containerId, verbose: true })
    return (JSON.parse(info['info']!) as { pid: number }).pid
  }

  waitExit(containerId: string): Promise<ContainerStatus> {
    return waitFor(async () => {
      const status = await this.status(containerId)
      return status.state === 'CONTAINER_EXITED' ? status : undefined
    })
  }

  /** The texts of a log's lines, once there are enough. */
  log(pod: TestPod, name: string, lines: number): Promise<string[]> {
    return waitFor(() => {
      const text = readLog(join(pod.logDir, `${name}.log`))
      return Promise.resolve(text.length >= lines ? text : undefined)
    })
  }

  /** A file for a mount. */
  file(name: string, text: string): string {
    const path = join(this.dir, name)
    writeFileSync(path, text)
    return path
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#client?.close()
    if (!child) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await ended
    }
    this.#child = undefined
  }
}

/** What the pod network's DaemonSet would have written. */
function builtInList(isNetns: boolean): object {
  const subnet = isNetns ? '10.244.1.0/24' : `127.77.${process.pid % 256}.0/24`
  return {
    cniVersion: '1.0.0',
    name: 'pod-network',
    plugins: [
      { type: 'pod-network', ipam: { type: 'host-local', ranges: [[{ subnet }]] } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
}

/** Words that put a command into a network namespace of its own, with nothing but a loopback device. */
export function ownNetwork(): string[] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const setUp = 'ip link set lo up && ip route add blackhole 10.0.0.0/8 metric 4000 && exec "$@"'
  return ['unshare', ...user, '--net', '--mount', 'sh', '-c', setUp, 'sh']
}

export function readLog(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ').slice(3).join(' '))
}

/** Asks again until there is an answer; gives up after two minutes. */
export async function waitFor<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = systemClock.monotonicMs() + 120_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (systemClock.monotonicMs() > deadline) throw new Error('waited 120 s in vain')
    await sleep(systemClock, 10)
  }
}
