import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import { frontendKey } from '../plan/frontend.ts'
import type { Frontend } from '../plan/frontend.ts'
import { AffinityTable } from './affinity-table.ts'
import { Balancer } from './balancer.ts'
import type { IsInside } from './balancer.ts'
import type { Forwarder, OpenForwarder } from './forwarder.ts'

export interface FrontendTableDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly open: Readonly<Record<Frontend['protocol'], OpenForwarder>>
  readonly isInside: IsInside
  /** Told once when a socket cannot be had, with words for people. */
  readonly onUnavailable: (frontend: Frontend, message: string) => void
}

interface Entry {
  frontend: Frontend
  readonly balancer: Balancer
  state: 'closed' | 'opening' | 'open' | 'waiting'
  forwarder?: Forwarder
  retry?: Timer
  readonly backoff: Backoff
  failures: number
  /** Counts openings, so that a late answer to an earlier one is known as such. */
  openings: number
}

/** A socket that somebody else holds is asked for again after 25 ms, growing to 30 s. */
const retryBind = { initialMs: 25, maxMs: 30_000, factor: 2, jitter: 0.2 }
/** Failures after which people are told, 0.4 s after the first: another kube-proxy may just be ending. */
const failuresToTell = 5

/** Keeps the open sockets equal to the wanted frontends. What changes only in its endpoints stays open. */
export class FrontendTable {
  readonly #deps: FrontendTableDeps
  readonly #entries = new Map<string, Entry>()
  /** Frontends of services that came later for a socket that another one has, in order. */
  readonly #claims = new Map<string, Frontend[]>()
  readonly #ofService = new Map<string, readonly Frontend[]>()
  readonly #affinity = new Map<string, AffinityTable>()
  #servesShared = false

  constructor(deps: FrontendTableDeps) {
    this.#deps = deps
  }

  /** How many sockets are open. */
  get openCount(): number {
    return [...this.#entries.values()].filter(({ state }) => state === 'open').length
  }

  /** States all frontends of a service; resolves when every socket is open or known to be unavailable for now. */
  async apply(service: string, frontends: readonly Frontend[]): Promise<void> {
    const wanted = new Set(frontends.map(frontendKey))
    const before = this.#ofService.get(service) ?? []
    for (const old of before) if (!wanted.has(frontendKey(old))) this.#giveUp(old)
    if (frontends.length > 0) this.#ofService.set(service, frontends)
    else this.#ofService.delete(service)
    this.#dropAffinity(before, frontends)
    await Promise.all(frontends.map((frontend) => this.#want(frontend)))
  }

  /** Opens or closes the sockets that only one kube-proxy of the cluster can have. */
  async serveShared(serves: boolean): Promise<void> {
    this.#servesShared = serves
    const shared = [...this.#entries.values()].filter(({ frontend }) => frontend.scope === 'shared')
    if (serves) await Promise.all(shared.map((entry) => this.#open(entry)))
    else for (const entry of shared) this.#shut(entry)
  }

  close(): void {
    for (const entry of this.#entries.values()) this.#shut(entry)
    for (const table of this.#affinity.values()) table.close()
    this.#entries.clear()
    this.#affinity.clear()
  }

  async #want(frontend: Frontend): Promise<void> {
    const key = frontendKey(frontend)
    const entry = this.#entries.get(key)
    if (!entry) return this.#add(key, frontend)
    if (entry.frontend.service === frontend.service) {
      entry.frontend = frontend
      entry.balancer.update(frontend)
      return
    }
    const queue = this.#claims.get(key) ?? []
    const place = queue.findIndex((claim) => claim.service === frontend.service)
    if (place < 0)
      this.#deps.onUnavailable(frontend, `${key} is in use by service ${entry.frontend.service}`)
    this.#claims.set(key, queue.toSpliced(place < 0 ? queue.length : place, 1, frontend))
  }

  async #add(key: string, frontend: Frontend): Promise<void> {
    const { clock, random, isInside } = this.#deps
    let affinity = this.#affinity.get(frontend.servicePort)
    if (!affinity) this.#affinity.set(frontend.servicePort, (affinity = new AffinityTable(clock)))
    const balancer = new Balancer(frontend, affinity, random, isInside)
    const backoff = new Backoff(retryBind, random)
    const entry: Entry = { frontend, balancer, state: 'closed', backoff, failures: 0, openings: 0 }
    this.#entries.set(key, entry)
    await this.#open(entry)
  }

  async #open(entry: Entry): Promise<void> {
    const { protocol, address, port, scope } = entry.frontend
    if (entry.state === 'opening' || entry.state === 'open') return
    if (scope === 'shared' && !this.#servesShared) return
    entry.retry?.cancel()
    entry.state = 'opening'
    const opening = ++entry.openings
    try {
      const forwarder = await this.#deps.open[protocol](
        { address, port },
        entry.balancer,
        this.#deps,
      )
      if (entry.openings !== opening) return forwarder.close()
      entry.forwarder = forwarder
      entry.state = 'open'
      entry.failures = 0
      entry.backoff.reset()
    } catch (error) {
      if (entry.openings === opening) this.#retry(entry, error as NodeJS.ErrnoException)
    }
  }

  #retry(entry: Entry, error: NodeJS.ErrnoException): void {
    if (++entry.failures === failuresToTell)
      this.#deps.onUnavailable(entry.frontend, whyUnavailable(entry.frontend, error))
    entry.state = 'waiting'
    entry.retry = this.#deps.clock.setTimer(entry.backoff.nextMs(), () => {
      entry.state = 'closed'
      void this.#open(entry)
    })
  }

  #giveUp(frontend: Frontend): void {
    const key = frontendKey(frontend)
    const entry = this.#entries.get(key)
    const claims = (this.#claims.get(key) ?? []).filter((f) => f.service !== frontend.service)
    if (claims.length > 0) this.#claims.set(key, claims)
    else this.#claims.delete(key)
    if (entry?.frontend.service !== frontend.service) return
    this.#shut(entry)
    this.#entries.delete(key)
    const next = claims.shift()
    if (next) void this.#add(key, next)
  }

  #shut(entry: Entry): void {
    entry.state = 'closed'
    entry.openings += 1
    entry.retry?.cancel()
    entry.forwarder?.close()
    delete entry.forwarder
  }

  #dropAffinity(before: readonly Frontend[], now: readonly Frontend[]): void {
    const kept = new Set(now.map(({ servicePort }) => servicePort))
    for (const { servicePort } of before) {
      if (kept.has(servicePort)) continue
      this.#affinity.get(servicePort)?.close()
      this.#affinity.delete(servicePort)
    }
  }
}

function whyUnavailable(frontend: Frontend, error: NodeJS.ErrnoException): string {
  const key = frontendKey(frontend)
  switch (error.code) {
    case 'EADDRINUSE':
      return `${key} is in use by another program on this machine`
    case 'EADDRNOTAVAIL':
      return `${key} cannot be bound: the address is not local to this machine`
    case 'EACCES':
      return `${key} cannot be bound: this user may not open ports that low`
    default:
      return `${key} cannot be bound: ${error.message}`
  }
}
