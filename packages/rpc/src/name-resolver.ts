import { experimental, Metadata, status } from '@grpc/grpc-js'
import { processResolver } from '@kemu/base'
import type { ResolveName } from '@kemu/base'

let registered = false

/** A channel target for `host:port` whose host is looked up with this process's own resolver at every attempt. */
export function namedTarget(hostPort: string): string {
  if (!registered) {
    experimental.registerResolver('name', NameResolver)
    registered = true
  }
  return `name:${hostPort}`
}

/**
 * Resolves through the hosts file of the emulated host (see base/hosts-file.ts): the machine's resolver is never asked
 * for names of an emulated cluster, and a peer that comes back with another address is found. The server's certificate
 * must be valid for the name.
 */
class NameResolver implements experimental.Resolver {
  static readonly #resolve: ResolveName = processResolver()
  readonly #host: string
  readonly #port: number
  readonly #listener: experimental.ResolverListener
  #resolving = false
  #destroyed = false

  constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener) {
    const { host, port } = splitTarget(target.path)
    this.#host = host
    this.#port = port
    this.#listener = listener
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return splitTarget(target.path).host
  }

  updateResolution(): void {
    if (this.#resolving) return
    this.#resolving = true
    this.#destroyed = false
    void this.#update()
  }

  destroy(): void {
    this.#destroyed = true
  }

  async #update(): Promise<void> {
    let result: Parameters<experimental.ResolverListener>[0]
    try {
      const addresses = await NameResolver.#resolve(this.#host)
      const endpoints = addresses.map((host) => ({ addresses: [{ host, port: this.#port }] }))
      result = experimental.statusOrFromValue(endpoints)
    } catch (error) {
      const details = `cannot resolve ${this.#host}: ${error instanceof Error ? error.message : String(error)}`
      result = experimental.statusOrFromError({
        code: status.UNAVAILABLE,
        details,
        metadata: new Metadata(),
      })
    }
    this.#resolving = false
    if (!this.#destroyed) this.#listener(result, {}, null, '')
  }
}

function splitTarget(path: string): { host: string; port: number } {
  const at = path.lastIndexOf(':')
  return { host: path.slice(0, at).replaceAll(/[/[\]]/g, ''), port: Number(path.slice(at + 1)) }
}
