import { execFile } from 'node:child_process'
import { networkInterfaces } from 'node:os'

/** Marks the routes that are ours, so that a restarted kube-proxy finds what another life of it left. */
const routeProtocol = '75'

/** Runs `ip` with a batch on its input; rejects with what it wrote to standard error. */
export type RunIp = (args: readonly string[], input: string) => Promise<string>

/**
 * Addresses that the host's kernel takes for its own (AnyIP: `ip route add local ADDRESS dev lo`), so that sockets can be
 * bound to service addresses and packets to them, from the host or its pods, arrive there.
 */
export class LocalRoutes {
  readonly #runIp: RunIp
  readonly #isOwn: (address: string) => boolean
  #installed = new Set<string>()

  /** @param isOwn addresses of interfaces: they are local already, and their routes are the kernel's */
  constructor(runIp: RunIp, isOwn: (address: string) => boolean) {
    this.#runIp = runIp
    this.#isOwn = isOwn
  }

  /** Learns what an earlier life left; what is not wanted any more goes with the next `set`. */
  async load(): Promise<void> {
    for (const family of ['-4', '-6']) {
      const args = [family, 'route', 'show', 'table', 'local', 'proto', routeProtocol]
      const text = await this.#runIp(args, '')
      for (const line of text.split('\n')) {
        const address = /^local (\S+)/.exec(line)?.[1]
        if (address !== undefined) this.#installed.add(address)
      }
    }
  }

  /** Adds what is missing: must be done before sockets are bound. */
  async add(wanted: ReadonlySet<string>): Promise<void> {
    const missing = [...wanted].filter((a) => !this.#installed.has(a) && !this.#isOwn(a))
    await this.#batch('replace', missing)
    for (const address of missing) this.#installed.add(address)
  }

  /** Removes what is not wanted any more: after its sockets are closed. */
  async prune(wanted: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#installed].filter((address) => !wanted.has(address))
    await this.#batch('del', gone)
    for (const address of gone) this.#installed.delete(address)
  }

  async #batch(verb: 'replace' | 'del', addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return
    const lines = addresses.map((address) => {
      const family = address.includes(':') ? '-6 ' : ''
      return `${family}route ${verb} local ${address} dev lo table local proto ${routeProtocol}\n`
    })
    await this.#runIp(['-batch', '-'], lines.join(''))
  }
}

/** The machine's `ip` program (iproute2), in this process's network namespace. */
export const runIp: RunIp = (args, input) =>
  new Promise((resolve, reject) => {
    const child = execFile('ip', args, (error, stdout, stderr) => {
      if (error) reject(new Error(`ip ${args.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })

/** Whether an interface of this network namespace has the address. */
export function isOwnAddress(address: string): boolean {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return all.some((entry) => entry.address === address)
}
