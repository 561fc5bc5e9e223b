import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '@kemu/base/testing'
import { findProgram } from './real-programs.ts'

/** A real etcd of one member, for the length of a test. */
export class RealEtcd {
  readonly endpoint: string
  readonly #program: string
  readonly #args: string[]
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(program: string, folder: string, client: number, peer: number) {
    this.#program = program
    this.#folder = folder
    this.endpoint = `http://127.0.0.1:${client}`
    const peerUrl = `http://127.0.0.1:${peer}`
    const flags = {
      name: 'test',
      'data-dir': join(folder, 'data'),
      'log-level': 'error',
      'listen-client-urls': this.endpoint,
      'advertise-client-urls': this.endpoint,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': `test=${peerUrl}`,
    }
    this.#args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  }

  /** Undefined where no etcd program is installed. */
  static async start(): Promise<RealEtcd | undefined> {
    const program = findProgram('etcd')
    if (program === undefined) return undefined
    const folder = mkdtempSync(join(tmpdir(), 'kemu-etcd-'))
    const [client, peer] = await freePorts(2)
    const etcd = new RealEtcd(program, folder, client!, peer!)
    etcd.run()
    return etcd
  }

  run(): void {
    this.#process = spawn(this.#program, this.#args, { stdio: 'ignore' })
  }

  /** kill -9; its data stays. */
  async kill(): Promise<void> {
    const exited = once(this.#process!, 'exit')
    this.#process!.kill('SIGKILL')
    await exited
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
