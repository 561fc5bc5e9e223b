import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@kemu/base'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `21/Nov/2026:16:04:22 +0000`, the time of web servers' logs. */
export function logTime(nowMs: number): string {
  const date = new Date(nowMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  return `${day}:${time} +0000`
}

/** The common log format: address, names, time, request line, status, bytes. */
export function commonLogLine(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: number,
  nowMs: number,
): string {
  const { method, url, httpVersion, socket } = request
  const size = bytes === 0 ? '-' : String(bytes)
  const address = (socket.remoteAddress ?? '-').replace(/^::ffff:/, '')
  return `${address} - - [${logTime(nowMs)}] "${method} ${url} HTTP/${httpVersion}" ${response.statusCode} ${size}`
}

/** The combined format adds where the client came from and what it is. */
export function combinedLogLine(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: number,
  nowMs: number,
): string {
  const { referer, 'user-agent': agent } = request.headers
  const line = commonLogLine(request, response, bytes, nowMs)
  return `${line} "${referer ?? '-'}" "${agent ?? '-'}"`
}

type LineFormat = typeof commonLogLine

/** Prints a line for each request when its answer is out. */
export function logRequest(
  request: IncomingMessage,
  response: ServerResponse,
  format: LineFormat,
  clock: Clock,
): void {
  response.on('finish', () => {
    const bytes = Number(response.getHeader('content-length') ?? 0)
    process.stdout.write(`${format(request, response, bytes, clock.now())}\n`)
  })
}
