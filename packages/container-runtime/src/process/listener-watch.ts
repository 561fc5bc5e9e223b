import type { Clock, Logger, Timer } from '@kemu/base'
import { findHeldSocket, readWildcardListeners } from '@kemu/network/pod'
import type { ListeningSocket } from '@kemu/network/pod'
import type { ProcessContainer } from './process-container.ts'

/** Programs open their sockets soon after they start; the kernel has no event for it. */
const youngMs = 10_000
const youngPeriodMs = 200
const oldPeriodMs = 2_000

interface Watched {
  readonly container: ProcessContainer
  readonly podIp: string
  readonly sinceMs: number
}

/**
 * Loopback only: a program that we did not write and that listens on every address would answer for all pods and the
 * machine. Its container is failed with that reason.
 */
export class ListenerWatch {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #watched = new Set<Watched>()
  /** Sockets that were looked at: a socket does not change hands, so each is looked up once. */
  #seen = new Set<string>()
  #timer: Timer | undefined

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  add(container: ProcessContainer, podIp: string): void {
    this.#watched.add({ container, podIp, sinceMs: this.#clock.monotonicMs() })
    this.#timer?.cancel()
    this.#arm()
  }

  close(): void {
    this.#timer?.cancel()
    this.#watched.clear()
  }

  #arm(): void {
    this.#timer = undefined
    if (this.#watched.size === 0) return
    const now = this.#clock.monotonicMs()
    const hasYoung = [...this.#watched].some(({ sinceMs }) => now - sinceMs < youngMs)
    this.#timer = this.#clock.setTimer(hasYoung ? youngPeriodMs : oldPeriodMs, () => this.#look())
  }

  #look(): void {
    for (const watched of this.#watched) if (!watched.container.main) this.#watched.delete(watched)
    const sockets = this.#watched.size > 0 ? readWildcardListeners() : []
    const fresh = sockets.filter(({ inode }) => !this.#seen.has(inode))
    if (fresh.length > 0) for (const watched of this.#watched) this.#check(watched, fresh)
    this.#seen = new Set(sockets.map(({ inode }) => inode))
    this.#arm()
  }

  #check(watched: Watched, sockets: readonly ListeningSocket[]): void {
    const { container, podIp } = watched
    const socket = findHeldSocket(sockets, container.processes())
    if (!socket) return
    const where =
      socket.address === '::' ? `[::]:${socket.port}` : `${socket.address}:${socket.port}`
    const message =
      `listening on ${where} is not possible on the loopback network: pods have no network namespace of their own ` +
      `there, and the program would answer for all of them; it must bind to its pod's address ${podIp} ` +
      '(in the environment as KEMU_POD_IP), or the cluster must use the netns network'
    this.#logger.warn('Foreign program listens on every address', {
      containerId: container.record.id,
      where,
    })
    this.#watched.delete(watched)
    container.fail('LoopbackNetworkViolation', message)
  }
}
