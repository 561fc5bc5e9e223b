import { Backoff } from '@kemu/base'
import type { Clock, Logger, Random, Timer } from '@kemu/base'
import type { Message } from '@kemu/raft'
import { PeerService } from '@kemu/rpc/raft-codec'
import type { MessageBatch, PeerNotice } from '@kemu/rpc/raft-codec'
import type { Channel, ChannelTarget, ClientCall } from '../grpc/client.ts'
import type { Dial } from '../grpc/network.ts'
import { messageTo } from '../host/raft-codec.ts'
import { peerUrlsHeader } from './introduction.ts'

export interface PeerLinkDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly dial: Dial
  readonly clusterId: bigint
  readonly memberId: bigint
  /** Where this member is reached: the peer may not know it yet. */
  readonly peerUrls: () => readonly string[]
  /** Messages to it were lost. */
  readonly onUnreachable: () => void
  /** It says that this member was removed. */
  readonly onRemoved: () => void
}

/** Messages that the peer does not take are dropped past this: raft sends again what matters. */
const backlogBytesMax = 64 << 20

/** The way to one other member: a connection that is made again for as long as it takes, and one stream of messages. */
export class PeerLink {
  readonly #deps: PeerLinkDeps
  readonly #backoff: Backoff
  #targets: readonly ChannelTarget[]
  #nextTarget = 0
  #channel: Channel | undefined
  #messages: ClientCall<MessageBatch, PeerNotice> | undefined
  #retry: Timer | undefined
  #isClosed = false
  #waiting: { resolve: (channel: Channel) => void; reject: (error: Error) => void }[] = []

  constructor(deps: PeerLinkDeps, targets: readonly ChannelTarget[]) {
    this.#deps = deps
    this.#targets = targets
    this.#backoff = new Backoff({ initialMs: 20, maxMs: 500, jitter: 0.2 }, deps.random)
    void this.#connect()
  }

  get isConnected(): boolean {
    return this.#channel !== undefined
  }

  /** Its URLs changed; the next dial uses them. */
  moveTo(targets: readonly ChannelTarget[]): void {
    this.#targets = targets
  }

  /** False when they went nowhere. */
  send(messages: readonly Message[]): boolean {
    const stream = this.#messages
    if (!stream || stream.backlogBytes > backlogBytesMax) {
      this.#deps.onUnreachable()
      return false
    }
    const { clusterId, memberId } = this.#deps
    stream.write({ clusterId, memberId, messages: messages.map(messageTo) })
    return true
  }

  flush(): void {
    this.#channel?.flush()
  }

  /** The connection for calls of other kinds; rejects when there is none now. */
  channel(): Promise<Channel> {
    if (this.#channel) return Promise.resolve(this.#channel)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#channel?.close()
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the member stops'))
  }

  async #connect(): Promise<void> {
    const target = this.#targets[this.#nextTarget++ % this.#targets.length]
    try {
      if (!target) throw new Error('the member has no peer URL')
      const channel = await this.#deps.dial(target)
      if (this.#isClosed) return channel.close()
      this.#onConnected(channel)
    } catch (error) {
      this.#deps.logger.debug('Cannot reach a member', { target: target?.host, err: error })
      for (const { reject } of this.#waiting.splice(0)) reject(error as Error)
      this.#connectLater()
    }
  }

  #onConnected(channel: Channel): void {
    this.#channel = channel
    const introduced = channel.withMetadata({ [peerUrlsHeader]: this.#deps.peerUrls().join() })
    this.#messages = introduced.stream(PeerService.Messages, {
      onMessage: ({ removed }) => {
        this.#backoff.reset()
        if (removed) this.#deps.onRemoved()
      },
      onEnd: () => channel.close(),
      onDrain: () => {},
    })
    channel.onClose(() => {
      this.#channel = undefined
      this.#messages = undefined
      this.#deps.onUnreachable()
      this.#connectLater()
    })
    for (const { resolve } of this.#waiting.splice(0)) resolve(channel)
  }

  #connectLater(): void {
    if (this.#isClosed) return
    this.#retry = this.#deps.clock.setTimer(this.#backoff.nextMs(), () => void this.#connect())
  }
}
