import { request as httpRequest } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { RequestOptions as TlsRequestOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { refuseUpgrade, writeHead } from './handshake.ts'

/** Where an upgrade request goes on. */
export interface UpgradeTarget {
  /** `http:` or `https:`, with the whole path and query. */
  readonly url: URL
  /** Certificates, authorities, name resolution; the address comes from the URL. */
  readonly connection?: RequestOptions | TlsRequestOptions
  /** Set over the client's headers; undefined takes one away (credentials that are not the target's business). */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The method, when the target wants another than the client's. */
  readonly method?: string
}

/**
 * Hands an upgrade request on to another server, and from then on every byte both ways, whatever protocol it is:
 * kubectl and the container runtime talk to each other, and those between only carry. Resolves when the connection is
 * over; a target that cannot be reached is the client's 502, an answer that is no upgrade is passed on as it is.
 */
export function relayUpgrade(
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: UpgradeTarget,
): Promise<void> {
  const send = target.url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve) => {
    const onward = send(target.url, {
      ...target.connection,
      agent: false,
      method: target.method ?? message.method,
      headers: onwardHeaders(message, target),
    })
    onward.on('upgrade', (answer, farSocket: Duplex, farHead: Buffer) => {
      writeHead(socket, 101, rawHeaders(answer))
      if (head.length > 0) farSocket.write(head)
      if (farHead.length > 0) socket.write(farHead)
      join(socket, farSocket, resolve)
    })
    onward.on('response', (answer) => {
      writeHead(socket, answer.statusCode ?? 502, plainHeaders(answer))
      answer.pipe(socket)
      // "Connection: Upgrade" made the far server keep the connection; nobody will use it again.
      answer.on('close', () => onward.destroy())
      socket.on('close', resolve)
    })
    onward.on('error', (error) => {
      refuseUpgrade(socket, 502, `error dialing backend: ${error.message}\n`)
      resolve()
    })
    socket.on('close', () => onward.destroy())
    socket.on('error', () => onward.destroy())
    onward.end()
  })
}

/** Both sides are closed when one of them breaks; a half that ended ends the other's half. */
function join(near: Duplex, far: Duplex, done: () => void): void {
  const close = (): void => {
    near.destroy()
    far.destroy()
    done()
  }
  for (const side of [near, far]) {
    side.on('error', close)
    side.on('close', close)
  }
  near.pipe(far)
  far.pipe(near)
}

function onwardHeaders(
  message: IncomingMessage,
  { headers = {} }: UpgradeTarget,
): OutgoingHttpHeaders {
  const given = rawHeaders(message)
  const overridden = new Set([...Object.keys(headers).map((name) => name.toLowerCase()), 'host'])
  const kept = Object.entries(given).filter(([name]) => !overridden.has(name.toLowerCase()))
  const added = Object.entries(headers).filter(([, value]) => value !== undefined)
  return Object.fromEntries([...kept, ...added])
}

/** An answer's headers without those of the far connection: its body comes decoded, and ours is closed after it. */
function plainHeaders(answer: IncomingMessage): OutgoingHttpHeaders {
  const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
  const kept = Object.entries(rawHeaders(answer)).filter(
    ([name]) => !hopByHop.has(name.toLowerCase()),
  )
  return { ...Object.fromEntries(kept), Connection: 'close' }
}

/** Headers with their names as they came; repeated ones as lists. */
function rawHeaders({ rawHeaders: raw }: IncomingMessage): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!
    const value = raw[i + 1]!
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else headers[name] = Array.isArray(before) ? [...before, value] : [before, value]
  }
  return headers
}
