import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { RunNft } from '../nft/nft-program.ts'

/** A network namespace with the loopback device up; it ends with the process that holds it. */
export class NetworkNamespace {
  readonly #holder: ChildProcess
  readonly #enter: readonly string[]

  private constructor(holder: ChildProcess, enter: readonly string[]) {
    this.#holder = holder
    this.#enter = enter
  }

  /** Undefined with the reason where this machine allows none, or has no nft. */
  static async open(): Promise<NetworkNamespace | string> {
    const asUser = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
    const script = 'ip link set lo up && nft list tables && echo ready && exec sleep 600'
    const holder = spawn('unshare', [...asUser, '--net', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const outcome = await Promise.race([
      once(holder.stdout, 'data').then(() => 'ready'),
      once(holder, 'exit').then(() => said.trim()),
      once(holder, 'error').then(([error]) => String(error)),
    ])
    if (outcome !== 'ready') return `no network namespace with nft: ${outcome}`
    const user = asUser.length > 0 ? ['--user', '--preserve-credentials'] : []
    return new NetworkNamespace(holder, ['--target', String(holder.pid), '--net', ...user])
  }

  close(): void {
    this.#holder.kill('SIGKILL')
  }

  readonly nft: RunNft = (args, input) => this.run(['nft', ...args], input)

  run(command: readonly string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = execFile('nsenter', [...this.#enter, ...command], (error, stdout, stderr) => {
        if (error) reject(new Error(`${command.join(' ')}: ${stderr.trim() || error.message}`))
        else resolve(stdout)
      })
      child.stdin?.on('error', () => {})
      child.stdin?.end(input)
    })
  }
}
