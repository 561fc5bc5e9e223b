import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEngine } from './docker-engine.ts'
import { findProgram, root } from './programs.ts'
import { run, succeed } from './run.ts'
import type { Outcome, RunOptions } from './run.ts'

/** Building an image on a busy machine takes its time, and a rollout too. */
const longestMs = 600_000

/** docker-compose 1.29, or the plugin that came after it. */
async function composeCommand(): Promise<string[] | undefined> {
  if (findProgram('docker-compose')) return [findProgram('docker-compose')!]
  const docker = findProgram('docker')
  if (docker && (await run(docker, ['compose', 'version'])).code === 0) return [docker, 'compose']
  return undefined
}

/**
 * For `{ skip }` of a test: false, or the sentence that names what is missing. In CI the engine is started, and only a
 * machine that forbids one is a reason to skip.
 */
export async function needsCompose(): Promise<false | string> {
  if (process.env['CI']) {
    const why = await startEngine()
    if (why !== undefined) {
      process.stderr.write(`docker-compose.yml is NOT tested: ${why}\n`)
      return why.split('\n')[0]!
    }
  }
  const missing = await missingForCompose()
  if (missing === undefined) return false
  if (process.env['CI']) throw new Error(`${missing}; in CI no test is skipped`)
  return missing
}

async function missingForCompose(): Promise<string | undefined> {
  const docker = findProgram('docker')
  if (!docker) return 'needs docker on PATH'
  if (!findProgram('kubectl')) return 'needs kubectl on PATH'
  if (!(await composeCommand())) return 'needs docker-compose on PATH'
  const info = await run(docker, ['info', '--format', '{{.ServerVersion}}'])
  return info.code === 0 && info.stdout.trim() !== '' ? undefined : 'needs a running Docker engine'
}

/** A compose project of its own for one test, from one of the files that people use. */
export class ComposeProject {
  readonly name = `kemu-test-${process.pid}`
  readonly #dir = mkdtempSync(join(tmpdir(), 'kemu-compose-'))
  readonly #command: readonly string[]
  readonly #file: string
  readonly #env: Readonly<Record<string, string | undefined>>

  #removed = false

  get #options(): RunOptions {
    return { env: this.#env, timeoutMs: longestMs }
  }

  private constructor(command: readonly string[], file: string, port: number) {
    this.#command = command
    this.#file = file
    this.#env = {
      ...process.env,
      KUBECONFIG_DIR: this.#dir,
      KUBECONFIG: join(this.#dir, 'config'),
      HOME: this.#dir,
      DOCKER_CONFIG: process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'),
      KEMU_API_PORT: String(port),
    }
    // A test that ran out of time has no teardown any more. Before the engine's own end.
    process.prependOnceListener('exit', () => {
      if (this.#removed) return
      const [program, ...words] = [...this.#command, '-p', this.name, '-f', join(root, this.#file)]
      spawnSync(program, [...words, 'down', '--volumes', '--timeout', '0'], { env: this.#env })
    })
  }

  static async open(file: string): Promise<ComposeProject> {
    return new ComposeProject((await composeCommand())!, file, await freePort())
  }

  /** `docker-compose ARGS...`; it has to succeed. */
  compose(...args: readonly string[]): Promise<string> {
    const [command, ...words] = this.#command
    const whole = [...words, '-p', this.name, '-f', join(root, this.#file), ...args]
    return succeed(command!, whole, this.#options)
  }

  /**
   * The image with this machine's bundles, or made from the sources alone as people do it; by one service, for all have
   * the same.
   */
  build(service: string, from: 'bundles' | 'sources'): Promise<string> {
    const bundles = from === 'bundles' ? ['--build-arg', 'BUNDLES=machine'] : []
    return this.compose('build', '-q', ...bundles, service)
  }

  docker(...args: readonly string[]): Promise<string> {
    return succeed(findProgram('docker')!, args, this.#options)
  }

  /** The containers of a service by their ids; compose versions differ in names. */
  async containers(service?: string): Promise<string[]> {
    const filters = [`label=com.docker.compose.project=${this.name}`]
    if (service !== undefined) filters.push(`label=com.docker.compose.service=${service}`)
    const flags = filters.flatMap((filter) => ['--filter', filter])
    const ids = await this.docker('ps', '--all', '--quiet', ...flags)
    return ids.split('\n').filter(Boolean)
  }

  /** Runs a command in a service's only container. */
  async inside(service: string, ...command: readonly string[]): Promise<string> {
    const [id] = await this.containers(service)
    return this.docker('exec', id!, ...command)
  }

  async addressOf(service: string): Promise<string> {
    const [address] = await this.addressesOf(service)
    return address!
  }

  /** One for each instance of a scaled service. */
  async addressesOf(service: string): Promise<string[]> {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    const ids = await this.containers(service)
    return (await this.docker('inspect', '--format', format, ...ids)).trim().split('\n')
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return succeed(findProgram('kubectl')!, args, this.#options)
  }

  tryKubectl(...args: readonly string[]): Promise<Outcome> {
    return run(findProgram('kubectl')!, args, this.#options)
  }

  kubectlWithInput(input: string, ...args: readonly string[]): Promise<string> {
    return succeed(findProgram('kubectl')!, args, { ...this.#options, input })
  }

  /** What `kubectl get ... -o json` gives. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T
  }

  /** Containers, networks and volumes. */
  async remove(): Promise<void> {
    await this.compose('down', '--volumes', '--remove-orphans', '--timeout', '3')
    rmSync(this.#dir, { recursive: true, force: true })
    this.#removed = true
  }

  /** What is left of the project on the engine. */
  async leftovers(): Promise<string[]> {
    const filter = ['--filter', `label=com.docker.compose.project=${this.name}`, '--quiet']
    const lists = await Promise.all([
      this.docker('ps', '--all', ...filter),
      this.docker('network', 'ls', ...filter),
      this.docker('volume', 'ls', ...filter),
    ])
    return lists.flatMap((text) => text.split('\n').filter(Boolean))
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
