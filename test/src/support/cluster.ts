import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, root } from './programs.ts'
import { run, succeed } from './run.ts'
import type { Outcome } from './run.ts'

/** What a test file says of the cluster it wants. */
export interface ClusterOptions {
  readonly hosts?: number
  readonly args?: readonly string[]
  readonly name?: string
}

/** A cluster of its own for one test file, made with the kemu command as a person would. */
export class TestCluster {
  readonly name: string
  readonly stateDir: string
  readonly env: Readonly<Record<string, string | undefined>>

  private constructor(name: string) {
    this.name = name
    this.stateDir = mkdtempSync(join(tmpdir(), 'kemu-e2e-'))
    this.env = { ...process.env, KEMU_STATE_DIR: this.stateDir }
  }

  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options.name ?? `e2e-${process.pid}`)
    const hosts = ['--hosts', String(options.hosts ?? 3)]
    try {
      await cluster.kemuSucceeds('up', ...hosts, ...(options.args ?? []))
    } catch (error) {
      await cluster.remove()
      throw error
    }
    return cluster
  }

  get directory(): string {
    return join(this.stateDir, this.name)
  }

  get kubeconfig(): string {
    return join(this.directory, 'kubeconfig')
  }

  /** `kemu COMMAND ... --name <this cluster>` */
  kemu(command: string, ...args: readonly string[]): Promise<Outcome> {
    const words = [join(root, 'packages/cli/bin/kemu.cjs'), ...command.split(' ')]
    return run(process.execPath, [...words, '--name', this.name, ...args], { env: this.env })
  }

  async kemuSucceeds(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.kemu(command, ...args)
    if (code !== 0) throw new Error(`kemu ${command} ended with ${code}:\n${stdout}${stderr}`)
    return stdout
  }

  /** The real kubectl on this cluster; it has to succeed. */
  kubectl(...args: readonly string[]): Promise<string> {
    return succeed(findProgram('kubectl')!, args, { env: this.#kubectlEnv() })
  }

  tryKubectl(...args: readonly string[]): Promise<Outcome> {
    return run(findProgram('kubectl')!, args, { env: this.#kubectlEnv() })
  }

  kubectlWithInput(input: string, ...args: readonly string[]): Promise<string> {
    return succeed(findProgram('kubectl')!, args, { env: this.#kubectlEnv(), input })
  }

  /** What `kubectl get ... -o json` gives. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T
  }

  readHostFile(host: string, path: string): string {
    return readFileSync(join(this.directory, 'hosts', host, path), 'utf8')
  }

  /** What etcd on a host last said of its part in Raft. */
  lastRaftRole(host: string): string | undefined {
    const pods = join(this.directory, 'hosts', host, 'var/log/pods')
    const pod = readdirSync(pods).find((name) => name.startsWith('kube-system_etcd-'))
    if (pod === undefined) return undefined
    const folder = join(pods, pod, 'etcd')
    const newest = readdirSync(folder)
      .sort((a, b) => Number.parseInt(a) - Number.parseInt(b))
      .at(-1)
    const text = newest === undefined ? '' : readFileSync(join(folder, newest), 'utf8')
    return [...text.matchAll(/"role":"(\w+)"/g)].at(-1)?.[1]
  }

  async remove(): Promise<void> {
    await this.kemu('delete')
    rmSync(this.stateDir, { recursive: true, force: true })
  }

  #kubectlEnv(): Readonly<Record<string, string | undefined>> {
    return { ...this.env, KUBECONFIG: this.kubeconfig, HOME: this.stateDir }
  }
}
