import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { processResolver, systemClock } from '@kemu/base'
import type { Timer } from '@kemu/base'
import type { Target } from './target.ts'

/** PEM texts: whom to trust and, where the caller is known by a certificate, that. */
export interface ClientTls {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

export interface DialOptions {
  readonly tls?: ClientTls
  /** client-go's TLSHandshakeTimeout of 10 s. */
  readonly handshakeMsMax?: number
  readonly signal: AbortSignal
}

/** Head start of an address before the next one of the same name is tried beside it (RFC 8305, section 5). */
const headStartMs = 250
/** How long all addresses of a name have to take a connection. */
const connectMsMax = 10_000
const handshakeMsDefault = 10_000

const resolveName = processResolver()

/** Connects; a name is looked up anew each time, because a peer may have come back with another address. */
export async function dial(target: Target, options: DialOptions): Promise<Socket> {
  if (target.kind === 'unix') {
    return connected([{ path: target.path }], options.signal)
  }
  const { host, port } = target
  const addresses = await resolveName(host).catch((error: unknown) => {
    throw new Error(`cannot resolve ${host}: ${messageOf(error)}`)
  })
  const socket = await connected(
    addresses.map((address) => ({ host: address, port })),
    options.signal,
  )
  socket.setNoDelay(true)
  return options.tls ? secured(socket, host, options.tls, options.handshakeMsMax) : socket
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number }

/** The first place that takes a connection. */
function connected(places: readonly Place[], signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>()
    const untried = [...places]
    let headStart: Timer | undefined
    const settle = (): void => {
      headStart?.cancel()
      limit.cancel()
      signal.removeEventListener('abort', abort)
    }
    const giveUp = (error: Error): void => {
      settle()
      for (const socket of open) socket.destroy()
      reject(error)
    }
    const abort = (): void => giveUp(new Error('closed'))
    const limit = systemClock.setTimer(connectMsMax, () =>
      giveUp(new Error('connection timed out')),
    )
    const tryNext = (): void => {
      headStart?.cancel()
      const place = untried.shift()
      if (!place) return
      const socket = connect(place)
      open.add(socket)
      const onError = (error: Error): void => {
        open.delete(socket)
        if (untried.length === 0 && open.size === 0) giveUp(error)
        else tryNext()
      }
      socket.once('error', onError).once('connect', () => {
        settle()
        open.delete(socket)
        for (const slower of open) slower.on('error', () => undefined).destroy()
        resolve(socket.off('error', onError))
      })
      headStart = systemClock.setTimer(headStartMs, tryNext)
    }
    signal.addEventListener('abort', abort)
    tryNext()
  })
}

/**
 * Speaks TLS once somebody listens: to read a key and certificates costs a hundred times as much as a refused
 * connection. A handshake that nobody answers is given up: of a stopped process the kernel still takes connections.
 */
async function secured(
  socket: Socket,
  host: string,
  { ca, cert, key }: ClientTls,
  handshakeMsMax = handshakeMsDefault,
): Promise<TLSSocket> {
  const tls = await import('node:tls')
  const { isIP } = await import('node:net')
  const secure = tls.connect({
    socket,
    ca,
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    // A name in an address's place is for servers with several certificates; an address is not allowed there.
    ...(isIP(host) === 0 && { servername: host }),
    host,
    ALPNProtocols: ['h2'],
  })
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      limit.cancel()
      secure.on('error', () => undefined).destroy()
      reject(error)
    }
    const onClose = (): void => fail(new Error('connection closed'))
    const limit = systemClock.setTimer(handshakeMsMax, () =>
      fail(new Error('net/http: TLS handshake timeout')),
    )
    secure.once('error', fail).once('close', onClose)
    secure.once('secureConnect', () => {
      limit.cancel()
      resolve(secure.off('error', fail).off('close', onClose))
    })
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
