import { experimental, Metadata, status } from '@grpc/grpc-js'
import { processResolver, systemClock } from '@kemu/base'
import type { ResolveName, Timer } from '@kemu/base'

let registered = false

/** Between two answers to one channel; it doubles while connections fail. */
const shortestPauseMs = 20
const longestPauseMs = 250

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
  #answeredMs = Number.NEGATIVE_INFINITY
  #pauseMs = shortestPauseMs
  #timer: Timer | undefined

  constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener) {
    const { host, port } = splitTarget(target.path)
    this.#host = host
    this.#port = port
    this.#listener = listener
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return splitTarget(target.path).host
  }

  /** A channel asks again whenever a connection fails: the answers are spaced out, or it would never rest. */
  updateResolution(): void {
    if (this.#resolving) return
    this.#resolving = true
    this.#destroyed = false
    const sinceMs = systemClock.monotonicMs() - this.#answeredMs
    if (sinceMs > 2 * longestPauseMs) this.#pauseMs = shortestPauseMs
    const waitMs = this.#pauseMs - sinceMs
    if (waitMs <= 0) return void this.#update()
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs)
    this.#timer = systemClock.setTimer(waitMs, () => void this.#update())
  }

  destroy(): void {
    this.#destroyed = true
    this.#resolving = false
    this.#timer?.cancel()
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
    this.#answeredMs = systemClock.monotonicMs()
    if (!this.#destroyed) this.#listener(result, {}, null, '')
  }
}

function splitTarget(path: string): { host: string; port: number } {
  const at = path.lastIndexOf(':')
  return { host: path.slice(0, at).replaceAll(/[/[\]]/g, ''), port: Number(path.slice(at + 1)) }
}
