import { networkInterfaces } from 'node:os'
import type { RunIp } from './local-routes.ts'

/** Marks the routes that are ours, so that a restarted kube-proxy finds what another life of it left. */
const routeProtocol = '75'

/**
 * Gives service addresses a way out of the node's own interface. A packet takes it only until the rules turn it to an
 * endpoint, or refuse it: both happen after the kernel has looked for a route, and hosts have blackholes where a
 * machine has a default route.
 */
export class DeviceRoutes {
  readonly #nodeAddress: string
  readonly #runIp: RunIp
  readonly #deviceOf: (address: string) => string | undefined
  /** Addresses with a route of ours. */
  #installed = new Set<string>()
  /** Addresses that lead somewhere without us. */
  readonly #routable = new Set<string>()

  constructor(nodeAddress: string, runIp: RunIp, deviceOf = deviceOfAddress) {
    this.#nodeAddress = nodeAddress
    this.#runIp = runIp
    this.#deviceOf = deviceOf
  }

  async load(): Promise<void> {
    const text = await this.#runIp(['-4', 'route', 'show', 'proto', routeProtocol], '')
    for (const line of text.split('\n')) {
      const address = /^(\d\S+) /.exec(line)?.[1]
      if (address !== undefined) this.#installed.add(address)
    }
  }

  async add(wanted: ReadonlySet<string>): Promise<void> {
    const unknown = [...wanted].filter((a) => !this.#installed.has(a) && !this.#routable.has(a))
    const device = this.#deviceOf(this.#nodeAddress)
    if (unknown.length === 0 || device === undefined) return
    const missing = await this.#unroutable(unknown)
    for (const address of unknown) if (!missing.includes(address)) this.#routable.add(address)
    const lines = missing.map(
      (address) =>
        `route replace ${address}/32 dev ${device} src ${this.#nodeAddress} proto ${routeProtocol}\n`,
    )
    if (lines.length > 0) await this.#runIp(['-batch', '-'], lines.join(''))
    for (const address of missing) this.#installed.add(address)
  }

  async prune(wanted: ReadonlySet<string>): Promise<void> {
    for (const address of this.#routable) if (!wanted.has(address)) this.#routable.delete(address)
    const gone = [...this.#installed].filter((address) => !wanted.has(address))
    const lines = gone.map((address) => `route del ${address}/32 proto ${routeProtocol}\n`)
    try {
      if (lines.length > 0) await this.#runIp(['-force', '-batch', '-'], lines.join(''))
    } catch (error) {
      // Routes go with their interface: those that are gone already are no failure.
      if (!String(error).includes('No such process')) throw error
    }
    for (const address of gone) this.#installed.delete(address)
  }

  /** Those that the kernel finds no way to. */
  async #unroutable(addresses: readonly string[]): Promise<string[]> {
    const lines = addresses.map((address) => `route get ${address}\n`)
    try {
      await this.#runIp(['-force', '-batch', '-'], lines.join(''))
      return []
    } catch (error) {
      const failed = [...String(error).matchAll(/^Command failed -:(\d+)/gm)]
      if (failed.length === 0) throw error
      return failed.map(([, line]) => addresses[Number(line) - 1]!)
    }
  }
}

function deviceOfAddress(address: string): string | undefined {
  for (const [name, entries] of Object.entries(networkInterfaces()))
    if (entries?.some((entry) => entry.address === address)) return name
  return undefined
}
