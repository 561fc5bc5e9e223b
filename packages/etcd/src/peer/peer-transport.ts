import type { Logger } from '@kemu/base'
import type { Message } from '@kemu/raft'
import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import { PeerService } from '@kemu/rpc/raft-codec'
import type { SnapshotChunk, SnapshotReply } from '@kemu/rpc/raft-codec'
import { memberIdOfNode, nodeIdOf } from '../cluster/member-id.ts'
import type { Channel, ChannelTarget, ClientCall } from '../grpc/client.ts'
import { messageTo } from '../host/raft-codec.ts'
import type { AfterTurn } from '../host/after-turn.ts'
import type { MessageTransport } from '../host/raft-host.ts'
import { parseUrl } from '../listen-url.ts'
import { PeerLink } from './peer-link.ts'
import type { PeerLinkDeps } from './peer-link.ts'

export interface PeerTransportDeps extends Omit<PeerLinkDeps, 'onUnreachable'> {
  readonly logger: Logger
  readonly afterTurn: AfterTurn
  readonly isRemoved: (id: bigint) => boolean
  readonly reportUnreachable: (id: string) => void
  readonly reportSnapshot: (id: string, delivered: boolean) => void
  /** The present state as records, with the point that it stands at. */
  readonly beginSnapshot: () => {
    readonly point: SnapshotPoint
    readonly records: Generator<Buffer>
  }
}

type SnapshotPoint = Extract<Message, { type: 'snapshot' }>['snapshot']['metadata']

const backlogBytesMax = 1 << 20

/** The ways to all other members. */
export class PeerTransport implements MessageTransport {
  readonly #deps: PeerTransportDeps
  readonly #links = new Map<string, PeerLink>()
  /** Members that wrote to this one before it learned of them from the log. */
  readonly #strangers = new Set<string>()
  readonly #sendingSnapshot = new Set<string>()

  constructor(deps: PeerTransportDeps) {
    this.#deps = deps
  }

  /** Links to these members, this one left out; strangers stay, until they are known to be removed. */
  update(members: readonly MemberRecord[]): void {
    const wanted = new Map(members.map((member) => [nodeIdOf(member.ID), targetsOf(member)]))
    wanted.delete(nodeIdOf(this.#deps.memberId))
    for (const [id, link] of this.#links) {
      if (wanted.has(id) || this.#isExpected(id)) continue
      link.close()
      this.#links.delete(id)
      this.#strangers.delete(id)
    }
    for (const [id, targets] of wanted) {
      this.#strangers.delete(id)
      const link = this.#links.get(id)
      if (link) link.moveTo(targets)
      else this.#links.set(id, this.#newLink(id, targets))
    }
  }

  /**
   * A member wrote that may be younger than what is applied here. It must be answered all the same: when it leads, this
   * member learns of it only from the log that it sends.
   */
  meet(memberId: bigint, targets: readonly ChannelTarget[]): void {
    const id = nodeIdOf(memberId)
    const link = this.#links.get(id)
    if (this.#strangers.has(id)) link?.moveTo(targets)
    if (link || memberId === this.#deps.memberId) return
    this.#strangers.add(id)
    this.#links.set(id, this.#newLink(id, targets))
  }

  isConnected(id: bigint): boolean {
    return id === this.#deps.memberId || (this.#links.get(nodeIdOf(id))?.isConnected ?? false)
  }

  channel(id: bigint): Promise<Channel> {
    const link = this.#links.get(nodeIdOf(id))
    return link ? link.channel() : Promise.reject(new Error('not a member'))
  }

  send(messages: readonly Message[]): readonly Message[] {
    const byPeer = new Map<string, Message[]>()
    for (const message of messages) {
      if (message.type === 'snapshot') {
        this.#sendSnapshot(message)
        continue
      }
      const batch = byPeer.get(message.to)
      if (batch) batch.push(message)
      else byPeer.set(message.to, [message])
    }
    const unsent: Message[] = []
    for (const [id, batch] of byPeer) {
      if (!this.#links.get(id)?.send(batch)) unsent.push(...batch)
    }
    return unsent
  }

  flush(): void {
    for (const link of this.#links.values()) link.flush()
  }

  close(): void {
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  #isExpected(id: string): boolean {
    return this.#strangers.has(id) && !this.#deps.isRemoved(memberIdOfNode(id))
  }

  #newLink(id: string, targets: readonly ChannelTarget[]): PeerLink {
    const onUnreachable = (): void => this.#deps.reportUnreachable(id)
    return new PeerLink({ ...this.#deps, onUnreachable }, targets)
  }

  /** The state is taken at this very moment, so the message must name the point where it stands now. */
  #sendSnapshot(message: Extract<Message, { type: 'snapshot' }>): void {
    const { to } = message
    const link = this.#links.get(to)
    if (!link || this.#sendingSnapshot.has(to)) {
      this.#deps.reportSnapshot(to, false)
      return
    }
    const { point, records } = this.#deps.beginSnapshot()
    const current = { ...message, snapshot: { ...message.snapshot, metadata: point } }
    this.#sendingSnapshot.add(to)
    this.#deps.logger.info('Sending a snapshot', { to, index: point.index })
    link
      .channel()
      .then((channel) => this.#stream(channel, current, records))
      .then(
        () => true,
        (error: unknown) => {
          this.#deps.logger.warn('Could not send a snapshot', { to, err: error })
          return false
        },
      )
      .then((delivered) => {
        records.return(undefined)
        this.#sendingSnapshot.delete(to)
        this.#deps.reportSnapshot(to, delivered)
      })
      .catch((error: unknown) => {
        throw error
      })
  }

  #stream(channel: Channel, message: Message, records: Generator<Buffer>): Promise<void> {
    return new Promise((resolve, reject) => {
      const { clusterId } = this.#deps
      const pump = (call: ClientCall<SnapshotChunk, SnapshotReply>): void => {
        while (call.backlogBytes < backlogBytesMax) {
          const next = records.next()
          if (next.done) {
            call.write({ clusterId, last: true })
            call.end()
            return
          }
          call.write({ clusterId, data: next.value })
        }
      }
      let isDone = false
      const call = channel.stream(PeerService.InstallSnapshot, {
        onMessage: () => {},
        onEnd: (error) => {
          isDone = true
          if (error) reject(error)
          else resolve()
        },
        onDrain: () => {
          if (!isDone && call.backlogBytes < backlogBytesMax) {
            this.#deps.afterTurn(() => pump(call))
          }
        },
      })
      call.write({ clusterId, message: messageTo(message) })
      pump(call)
    })
  }
}

function targetsOf({ peerURLs }: MemberRecord): ChannelTarget[] {
  return peerURLs.map(parseUrl)
}
