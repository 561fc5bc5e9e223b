import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket as UdpSocket } from 'node:dgram'
import { createServer, isIPv6 } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Clock, Logger } from '@kemu/base'
import { addressLookup } from '@kemu/network/address'
import { decodeQuery } from '../wire/decode.ts'
import { encodeRefusal, encodeReply } from '../wire/encode.ts'
import type { Answering } from '../handler.ts'
import type { Query } from '../wire/message.ts'
import { FrameReader } from './frame-reader.ts'
import { IdleTimer } from './idle-timer.ts'

/** A connection without a question for this long is closed (CoreDNS: TCP idle timeout). */
const idleMs = 10_000
/** Questions of one connection that wait for answers at the same time. */
const pipelineLimit = 128

export type AnswerQuery = (query: Query) => Answering

/** UDP and TCP on one port. */
export class DnsListener {
  readonly #answer: AnswerQuery
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #connections = new Set<Socket>()
  #udp: UdpSocket | undefined
  #tcp: Server | undefined

  constructor(answer: AnswerQuery, clock: Clock, logger: Logger) {
    this.#answer = answer
    this.#clock = clock
    this.#logger = logger
  }

  /** host '' listens on every address. Rejects with Node's error when the port cannot be had. */
  async open(host: string, port: number): Promise<void> {
    this.#udp = await openUdp(host, port)
    this.#udp.on('message', (bytes, from) => this.#datagram(bytes, from))
    this.#udp.on('error', (error) => this.#logger.warn('UDP socket failed', { err: error }))
    this.#tcp = await openTcp(host, port)
    this.#tcp.on('connection', (socket) => this.#connection(socket))
  }

  close(): void {
    this.#udp?.close()
    this.#udp = undefined
    this.#tcp?.close()
    for (const socket of this.#connections) socket.destroy()
  }

  #datagram(bytes: Buffer, from: RemoteInfo): void {
    this.#respond(bytes, 'udp', from.address, (answer) => {
      if (answer) this.#udp?.send(answer, from.port, from.address)
    })
  }

  #connection(socket: Socket): void {
    this.#connections.add(socket)
    socket.on('close', () => this.#connections.delete(socket))
    socket.on('error', () => socket.destroy())
    const idle = new IdleTimer(this.#clock, idleMs, () => socket.destroy())
    socket.on('close', () => idle.close())
    const frames = new FrameReader()
    let waiting = 0
    socket.on('data', (chunk) => {
      idle.restart()
      for (const bytes of frames.push(chunk)) {
        if (++waiting > pipelineLimit) return void socket.destroy()
        this.#respond(bytes, 'tcp', socket.remoteAddress ?? '', (answer) => {
          waiting -= 1
          if (answer && socket.writable) socket.write(framed(answer))
        })
      }
    })
  }

  /** undefined is sent for noise: nothing. */
  #respond(
    bytes: Buffer,
    protocol: 'udp' | 'tcp',
    client: string,
    send: (answer: Buffer | undefined) => void,
  ): void {
    const incoming = decodeQuery(bytes, protocol, client)
    switch (incoming.kind) {
      case 'noise':
        return send(undefined)
      case 'refused':
        return send(encodeRefusal(incoming.id, incoming.rcode, incoming.isRecursionDesired))
      case 'query': {
        const { query } = incoming
        const answering = this.#answer(query)
        if (answering instanceof Promise)
          void answering.then((reply) => send(encodeReply(query, reply)))
        else send(encodeReply(query, answering))
      }
    }
  }
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Every address is one socket for both families where the kernel has IPv6. */
async function openUdp(host: string, port: number): Promise<UdpSocket> {
  if (host !== '') return bindUdp(isIPv6(host) ? 'udp6' : 'udp4', host, port)
  try {
    return await bindUdp('udp6', '::', port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error
    return bindUdp('udp4', '0.0.0.0', port)
  }
}

function bindUdp(type: 'udp4' | 'udp6', address: string, port: number): Promise<UdpSocket> {
  const socket = createSocket({ type, lookup: addressLookup })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function openTcp(host: string, port: number): Promise<Server> {
  const server = createServer({ noDelay: true })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== '' && { host }), exclusive: true }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}
