import type { Clock, Logger, Timer } from '@kemu/base'
import type { KeyValueStore } from './store/key-value-store.ts'

const key = 'compact_rev_key'

/**
 * Forgets history that is older than one interval. All servers of a cluster share one key in the
 * store: who writes it first in
 * a round does the round's compaction, at the revision that was current a round ago (upstream's
 * compactor).
 */
export class Compactor {
  readonly #store: KeyValueStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #timer: Timer
  #version = 0
  #revision = 0

  constructor(store: KeyValueStore, clock: Clock, logger: Logger, intervalMs: number) {
    this.#store = store
    this.#clock = clock
    this.#logger = logger
    this.#timer = this.#clock.setPeriodic(intervalMs, () => void this.round())
  }

  close(): void {
    this.#timer.cancel()
  }

  /** One round; public for tests. */
  async round(): Promise<void> {
    try {
      const written = await this.#store.putIfVersion(
        key,
        this.#version,
        Buffer.from(String(this.#revision)),
      )
      if (!written.ok) {
        // Another server was first; be ready for the next round.
        this.#version = written.version
        this.#revision = written.revision
        return
      }
      const before = this.#revision
      this.#version += 1
      this.#revision = written.revision
      if (before > 0) await this.#store.compact(before)
    } catch (error) {
      this.#logger.warn('Compaction failed', { err: error })
    }
  }
}
