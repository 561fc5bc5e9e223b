/**
 * How logs are kept: one stream for each pod and for each component of a host, and beside them how far each log file
 * has been shipped. Upstream counterpart: the store of cluster-level logging, in its smallest useful form.
 *
 *     for await (const { source, line } of searchLogs(reader, { pod: 'web', text: 'error' })) ...
 */
export type { LogLine, LogSource } from './log-line.ts'
export { LogStoreUnavailable } from './log-store.ts'
export type { AppendOutcome, LogBatch, LogReader, LogStore, StoredLine } from './log-store.ts'
export { searchLogs } from './search.ts'
export type { FoundLine, LogQuery } from './search.ts'
export { streamName } from './stream-name.ts'
