import { parseTime } from '@kemu/api'
import { HttpError } from './http-error.ts'

export type LogStream = 'All' | 'Stdout' | 'Stderr'

/** PodLogOptions as they come in a query. */
export interface LogOptions {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  readonly limitBytes: number | undefined
  /** Earlier lines are left out; milliseconds since 1970. */
  readonly sinceMs: number | undefined
  readonly stream: LogStream
}

export function parseLogOptions(query: URLSearchParams, nowMs: number): LogOptions {
  const stream = query.get('stream') || 'All'
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') throw invalid()
  const legacyTail = query.get('tail')
  const tail = legacyTail && legacyTail !== 'all' ? legacyTail : query.get('tailLines')
  const limitBytes = integer(query.get('limitBytes'))
  const tailLines = integer(tail)
  if (limitBytes !== undefined && limitBytes < 1) throw invalid()
  if (tailLines !== undefined && (tailLines < 0 || stream !== 'All')) throw invalid()
  return {
    follow: boolean(query.get('follow')),
    previous: boolean(query.get('previous')),
    timestamps: boolean(query.get('timestamps')),
    tailLines,
    limitBytes,
    sinceMs: since(query, nowMs),
    stream,
  }
}

function since(query: URLSearchParams, nowMs: number): number | undefined {
  const seconds = integer(query.get('sinceSeconds'))
  const time = query.get('sinceTime')
  if (seconds !== undefined && time) throw invalid()
  if (seconds !== undefined) {
    if (seconds < 1) throw invalid()
    return nowMs - seconds * 1000
  }
  if (!time) return undefined
  const ms = parseTime(time)
  if (Number.isNaN(ms)) throw undecodable()
  return ms
}

function integer(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  if (!/^[-+]?\d+$/.test(text)) throw undecodable()
  return Number(text)
}

/** Go's conversion of query values: everything but false and 0 is true. */
function boolean(text: string | null): boolean {
  return text !== null && text.toLowerCase() !== 'false' && text !== '0'
}

function invalid(): HttpError {
  return new HttpError(422, '{"message": "Invalid request."}')
}

function undecodable(): HttpError {
  return new HttpError(400, '{"message": "Unable to decode query."}')
}
