import type { LogLine, LogSource } from './log-line.ts'

/** Lines of one file that go to its source's stream together with the new position in the file, or not at all. */
export interface LogBatch {
  readonly host: string
  /** Names the file for as long as it is somewhere on the host, whatever it is called. */
  readonly file: string
  readonly source: LogSource
  /** The lines are what the file holds from this byte ... */
  readonly from: number
  /** ... up to this one. Before `from`, and without lines, when the file was cut. */
  readonly to: number
  readonly lines: readonly LogLine[]
}

export type AppendOutcome =
  | { readonly kind: 'appended' }
  /** Nothing was written: the store is not at `from` of the file but here. */
  | { readonly kind: 'elsewhere'; readonly position: number }

/**
 * Where a collector ships to. The position in each file is kept beside the lines and changes with them, so an append
 * whose answer got lost can be tried again: it is then `elsewhere`, at its own end.
 */
export interface LogStore {
  /** Resolves with `appended` only when the batch is kept as the store promises. Rejects with LogStoreUnavailable. */
  append(batch: LogBatch): Promise<AppendOutcome>

  /** How far each file of a host is; files that are not named are at 0. */
  positions(host: string): Promise<ReadonlyMap<string, number>>

  /** Forgets files that are gone from the host. */
  forget(host: string, files: readonly string[]): Promise<void>

  /** Calls whenever the store can be reached (again): it may have lost writes meanwhile. */
  onConnect(listener: () => void): void
}

/** The store did not answer, or refuses for now (loading, disk or memory full). The outcome of a call is not known. */
export class LogStoreUnavailable extends Error {
  override name = 'LogStoreUnavailable'
}

/** An entry of a stream with its id, which later reads begin behind. */
export interface StoredLine {
  readonly id: string
  readonly line: LogLine
}

/** What reading back needs of a store. */
export interface LogReader {
  /** Sources with a line that came at this time (ms since 1970) or later; all of them when it is left out. */
  sources(sinceMs?: number): Promise<LogSource[]>

  /** The oldest `count` lines at or behind `from` ('-', an id, or '(' and an id); none when the stream is gone. */
  lines(source: LogSource, from: string, count: number): Promise<StoredLine[]>
}
