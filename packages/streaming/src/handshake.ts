import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'

/** Header by which SPDY clients offer subprotocols and servers choose one. */
export const protocolHeader = 'x-stream-protocol-version'

/** What the peers call SPDY in their Upgrade header. */
const spdyUpgrade = 'SPDY/3.1'

export function isWebSocketRequest({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? '').toLowerCase() === 'websocket'
}

export function isSpdyRequest({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? '').toLowerCase().includes(spdyUpgrade.toLowerCase())
}

/** The subprotocols that a request offers, most wanted first; the header may be repeated or hold a list. */
export function offeredProtocols({ headersDistinct }: IncomingMessage, name: string): string[] {
  return (headersDistinct[name] ?? [])
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

/** The client's first choice among ours. */
export function chooseProtocol(
  offered: readonly string[],
  supported: readonly string[],
): string | undefined {
  return offered.find((protocol) => supported.includes(protocol))
}

/** Leaves HTTP: what comes next on the socket is SPDY. */
export function acceptSpdy(socket: Duplex, protocol: string | undefined): void {
  writeHead(socket, 101, {
    Connection: 'Upgrade',
    Upgrade: spdyUpgrade,
    ...(protocol !== undefined && { 'X-Stream-Protocol-Version': protocol }),
  })
}

/** Answers an upgrade request with a plain response and closes. */
export function refuseUpgrade(
  socket: Duplex,
  code: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  if (socket.destroyed || socket.writableEnded) return
  writeHead(socket, code, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    Connection: 'close',
    ...headers,
  })
  socket.end(text)
}

/** A response's head as text; for sockets that have left Node's HTTP server. */
export function writeHead(socket: Duplex, code: number, headers: OutgoingHttpHeaders): void {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${String(one)}\r\n`),
  )
  socket.write(`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\n${lines.join('')}\r\n`)
}
