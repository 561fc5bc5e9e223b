import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = process.env['KEMU_ROOT'] ?? process.cwd()
const name = 'bench'

/** A cluster of a measurement's own, made with the kemu command and deleted with all that it left. */
export class BenchCluster {
  readonly #state = mkdtempSync(join(tmpdir(), 'kemu-bench-'))
  readonly #env = { ...process.env, KEMU_STATE_DIR: this.#state, KUBECONFIG: this.kubeconfig }

  /** @throws Error with what kemu said when the cluster does not come up; nothing is left of it then */
  static up(hosts: number): BenchCluster {
    const cluster = new BenchCluster()
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        cluster.remove()
        process.exit(1)
      })
    try {
      cluster.kemu('up', '--hosts', String(hosts))
    } catch (error) {
      cluster.remove()
      throw error
    }
    return cluster
  }

  get kubeconfig(): string {
    return join(this.#state, name, 'kubeconfig')
  }

  /** The directory that a host sees as its root's changed parts. */
  hostPath(host: string, path: string): string {
    return join(this.#state, name, 'hosts', host, path)
  }

  /** `kemu COMMAND --name bench ARGS`: what it prints. */
  kemu(command: string, ...args: readonly string[]): string {
    const words = [...command.split(' '), '--name', name, ...args]
    return this.run(process.execPath, join(root, 'packages/cli/bin/kemu.cjs'), ...words)
  }

  /** What kubectl prints. */
  kubectl(command: string, ...args: readonly string[]): string {
    return this.run('kubectl', ...command.split(' '), ...args)
  }

  /** Words for a program inside a host's namespaces. */
  onHost(host: string, ...command: readonly string[]): string[] {
    const kemu = join(root, 'packages/cli/bin/kemu.cjs')
    return [process.execPath, kemu, 'enter', '--name', name, host, '--', ...command]
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env
  }

  run(program: string, ...args: readonly string[]): string {
    const options = { env: this.#env, encoding: 'utf8', maxBuffer: 2 ** 26 } as const
    const { status, stdout, stderr, error } = spawnSync(program, args, options)
    if (error) throw error
    if (status !== 0)
      throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
    return stdout.trim()
  }

  remove(): void {
    this.kemu('delete')
    rmSync(this.#state, { recursive: true, force: true })
  }
}
