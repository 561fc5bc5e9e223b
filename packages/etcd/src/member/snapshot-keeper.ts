import { sleep } from '@kemu/base'
import type { Clock, Logger } from '@kemu/base'
import type { Entry, SnapshotMetadata } from '@kemu/raft'
import type { LogStorage } from '../host/log-storage.ts'
import type { SnapshotDir } from '../snapshot/snapshot-dir.ts'
import type { Wal } from '../wal/wal.ts'

export interface SnapshotKeeperDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly dir: SnapshotDir
  readonly wal: Wal
  readonly storage: LogStorage
  /** There is no other member. */
  readonly isAlone: () => boolean
  readonly config: SnapshotKeeperConfig
}

export interface SnapshotKeeperConfig {
  /** Entries between two snapshots at least; etcd's --snapshot-count. */
  readonly entriesMin: number
  /** Entries that stay in memory behind the newest, for followers that are a little behind. */
  readonly catchUpEntries: number
  /** The same in bytes. */
  readonly catchUpBytes: number
}

/** The log in memory is looked at ten times on the way to its full length. */
const trimsPerCatchUp = 10

/** Of the state that a snapshot is taken of. */
export interface SnapshotSource {
  /** How large the state is, roughly. */
  readonly bytes: number
  /** The state as it is at this call. */
  begin(): { readonly point: SnapshotMetadata; readonly records: Iterable<Buffer> }
  /** Notes in the log that the snapshot at `point` is on disk. */
  record(point: SnapshotMetadata, done: (error: Error | null) => void): void
}

/**
 * Decides when the state is written down as a snapshot, so that the log before it can go. A snapshot costs as much as
 * the state is large, so one is due only when the log has grown by as much: each byte written is written about once
 * more.
 */
export class SnapshotKeeper {
  readonly #deps: SnapshotKeeperDeps
  #source: SnapshotSource | undefined
  #entries = 0
  #logBytes = 0
  #running: Promise<void> | undefined
  #appliedSinceTrim = 0

  constructor(deps: SnapshotKeeperDeps) {
    this.#deps = deps
  }

  takeFrom(source: SnapshotSource): void {
    this.#source = source
  }

  onApplied(index: number, entries: readonly Entry[]): void {
    const { storage, config } = this.#deps
    this.#entries += entries.length
    for (const { data } of entries) this.#logBytes += data.length
    this.#appliedSinceTrim += entries.length
    if (this.#appliedSinceTrim >= config.catchUpEntries / trimsPerCatchUp) {
      this.#appliedSinceTrim = 0
      // Alone, nobody can be behind; who joins gets the state as a whole.
      const keepEntries = this.#deps.isAlone() ? 0 : config.catchUpEntries
      storage.trim(index, keepEntries, config.catchUpBytes)
    }
    if (this.#entries < config.entriesMin || this.#running || !this.#source) return
    if (this.#logBytes < this.#source.bytes) return
    this.#running = this.take().finally(() => {
      this.#running = undefined
    })
  }

  /** Writes a snapshot of the present state. */
  async take(): Promise<void> {
    const { dir, wal, logger } = this.#deps
    const source = this.#source
    if (!source) return
    const { point, records } = source.begin()
    this.#entries = 0
    this.#logBytes = 0
    try {
      const bytes = await dir.write(point, paced(this.#deps.clock, records))
      await new Promise<void>((resolve, reject) =>
        source.record(point, (error) => (error ? reject(error) : resolve())),
      )
      wal.purge(point.index)
      dir.purge()
      logger.info('Wrote a snapshot', { index: point.index, bytes })
    } catch (error) {
      // The log still has everything; the next one will do.
      logger.warn('Could not write a snapshot', { err: error })
    }
  }

  async stop(): Promise<void> {
    await this.#running
  }
}

/** Leaves room for other work between the pieces. */
async function* paced(clock: Clock, pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    yield piece
    await sleep(clock, 0)
  }
}
