import type { Clock, Logger, Timer } from '@kemu/base'
import type { AutoCompaction } from '../config.ts'
import type { Revision } from '../mvcc/version.ts'

export interface AutoCompactorDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly mode: AutoCompaction
  /** Only the leader compacts; the others note revisions, to go on when they lead. */
  readonly isLeader: () => boolean
  readonly revision: () => Revision
  readonly compact: (revision: Revision) => Promise<unknown>
}

/** etcd: in revision mode it looks every five minutes. */
const revisionCheckMs = 5 * 60_000
/** etcd: long periods are compacted every hour, with a note every tenth of that. */
const intervalMsMax = 3_600_000
const notesPerInterval = 10

/** Forgets old revisions by itself: those older than a time, or all but the newest so many. */
export class AutoCompactor {
  readonly #deps: AutoCompactorDeps
  readonly #timer: Timer | undefined
  /** Revisions of the last period, oldest first, one for each note. */
  #notes: Revision[] = []
  #sinceCompaction = 0
  #compacted: Revision = 0

  constructor(deps: AutoCompactorDeps) {
    this.#deps = deps
    const { mode, clock } = deps
    if (mode.mode === 'periodic') {
      const intervalMs = Math.min(mode.retentionMs, intervalMsMax)
      const noteMs = intervalMs / notesPerInterval
      const notes = Math.round(mode.retentionMs / noteMs)
      this.#timer = clock.setPeriodic(noteMs, () => this.#onNote(notes))
    } else if (mode.mode === 'revision') {
      const { retention } = mode
      this.#timer = clock.setPeriodic(revisionCheckMs, () =>
        this.#compact(deps.revision() - retention),
      )
    }
  }

  close(): void {
    this.#timer?.cancel()
  }

  #onNote(notes: number): void {
    this.#notes.push(this.#deps.revision())
    if (this.#notes.length > notes) this.#notes.shift()
    this.#sinceCompaction += 1
    const isDue = this.#notes.length === notes && this.#sinceCompaction >= notesPerInterval
    if (!isDue) return
    this.#sinceCompaction = 0
    this.#compact(this.#notes[0]!)
  }

  #compact(revision: Revision): void {
    const { isLeader, compact, logger } = this.#deps
    if (!isLeader() || revision <= this.#compacted) return
    this.#compacted = revision
    compact(revision).then(
      () => logger.info('Compacted automatically', { revision }),
      (error: unknown) => logger.warn('Could not compact automatically', { revision, err: error }),
    )
  }
}
