import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Hands an upgraded connection (SPDY, WebSocket) on to the runtime's streaming server and joins the
 * two. What the runtime answers, a refusal too, reaches the caller as it is.
 */
export function relayUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: URL,
): void {
  const { method, headers } = request
  const outgoing = httpRequest({
    host: target.hostname,
    port: target.port,
    path: target.pathname + target.search,
    method,
    headers: { ...headers, host: target.host },
  })
  const cut = (): void => {
    outgoing.destroy()
    socket.destroy()
  }
  socket.on('error', cut)
  socket.on('close', cut)
  outgoing.on('error', (error) => {
    if (socket.writable) socket.end(plainAnswer(502, `error dialing backend: ${error.message}\n`))
  })
  outgoing.on('response', (response) => {
    socket.write(headText(response))
    response.pipe(socket)
  })
  outgoing.on('upgrade', (response, upstream, upstreamHead) => {
    socket.write(headText(response))
    if (upstreamHead.length > 0) socket.write(upstreamHead)
    if (head.length > 0) upstream.write(head)
    upstream.on('error', cut)
    upstream.on('close', () => socket.end())
    socket.on('close', () => upstream.destroy())
    upstream.pipe(socket)
    socket.pipe(upstream)
  })
  outgoing.end()
}

/** A whole answer on a connection that asked for an upgrade and does not get it. */
export function plainAnswer(code: number, text: string): string {
  const body = Buffer.from(text)
  return [
    `HTTP/1.1 ${code} ${code === 404 ? 'Not Found' : 'Error'}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    text,
  ].join('\r\n')
}

function headText(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`]
  for (let i = 0; i < response.rawHeaders.length; i += 2)
    lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
