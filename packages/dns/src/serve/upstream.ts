import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Clock, Random } from '@kemu/base'
import { addressLookup, formatHostPort } from '@kemu/network/address'
import { decodeReply } from '../wire/decode.ts'
import { encodeQuestion } from '../wire/encode.ts'
import type { Query, Reply } from '../wire/message.ts'
import { FrameReader } from './frame-reader.ts'

export interface UpstreamAddress {
  readonly address: string
  readonly port: number
}

export interface UpstreamDeps {
  readonly clock: Clock
  readonly random: Random
}

/** CoreDNS: the read timeout of one exchange. */
const timeoutMs = 2000
/** A server that failed is asked again after this (CoreDNS: health check interval). */
const recoveryMs = 500
/** What this side can take over UDP. */
const udpSize = 4096

/** A server that others' names are asked of. */
export class Upstream {
  readonly #at: UpstreamAddress
  readonly #deps: UpstreamDeps
  readonly #open = new Set<() => void>()
  #fails = 0
  #failedAtMs = 0

  constructor(at: UpstreamAddress, deps: UpstreamDeps) {
    this.#at = at
    this.#deps = deps
  }

  /** `192.0.2.53:53` */
  get name(): string {
    return formatHostPort({ host: this.#at.address, port: this.#at.port })
  }

  /** Failed as often as that in a row, and only a moment ago; 0 never counts as down. */
  isDown(maxFails: number): boolean {
    const sinceMs = this.#deps.clock.monotonicMs() - this.#failedAtMs
    return maxFails > 0 && this.#fails >= maxFails && sinceMs < recoveryMs
  }

  /** Rejects when there is no answer in time; a late or foreign answer is ignored. */
  async exchange(query: Query, protocol: 'udp' | 'tcp'): Promise<Reply> {
    const id = this.#deps.random.int(65_536)
    const question = encodeQuestion(id, query, udpSize)
    try {
      const reply = await (protocol === 'udp'
        ? this.#overUdp(id, question)
        : this.#overTcp(id, question))
      this.#fails = 0
      return reply
    } catch (error) {
      this.#fails += 1
      this.#failedAtMs = this.#deps.clock.monotonicMs()
      throw error
    }
  }

  close(): void {
    for (const end of this.#open) end()
  }

  #overUdp(id: number, question: Buffer): Promise<Reply> {
    const socket = createSocket({
      type: isIPv6(this.#at.address) ? 'udp6' : 'udp4',
      lookup: addressLookup,
    })
    return this.#await(
      (resolve, reject) => {
        socket.on('error', reject)
        socket.on('message', (bytes) => {
          const answer = decodeReply(bytes)
          if (answer?.id === id) resolve(answer.reply)
        })
        socket.connect(this.#at.port, this.#at.address, () => socket.send(question))
      },
      () => socket.close(),
    )
  }

  #overTcp(id: number, question: Buffer): Promise<Reply> {
    const socket = connect({ host: this.#at.address, port: this.#at.port })
    const frames = new FrameReader()
    return this.#await(
      (resolve, reject) => {
        socket.on('error', reject)
        socket.on('end', () => reject(new Error('EOF')))
        socket.on('data', (chunk) => {
          for (const bytes of frames.push(chunk)) {
            const answer = decodeReply(bytes)
            if (answer?.id === id) resolve(answer.reply)
          }
        })
        const length = Buffer.alloc(2)
        length.writeUInt16BE(question.length)
        socket.write(Buffer.concat([length, question]))
      },
      () => socket.destroy(),
    )
  }

  #await(
    start: (resolve: (reply: Reply) => void, reject: (error: Error) => void) => void,
    end: () => void,
  ): Promise<Reply> {
    const { address, port } = this.#at
    return new Promise<Reply>((resolve, reject) => {
      const finish = (act: () => void): void => {
        if (!this.#open.delete(stop)) return
        timer.cancel()
        end()
        act()
      }
      const stop = (): void => finish(() => reject(new Error('server is closing')))
      const late = (): void => finish(() => reject(new Error(`${address}:${port}: i/o timeout`)))
      const timer = this.#deps.clock.setTimer(timeoutMs, late)
      this.#open.add(stop)
      start(
        (reply) => finish(() => resolve(reply)),
        (error) => finish(() => reject(new Error(`${address}:${port}: ${error.message}`))),
      )
    })
  }
}
