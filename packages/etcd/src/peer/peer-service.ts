import type { Logger } from '@kemu/base'
import type { Message } from '@kemu/raft'
import { PeerService } from '@kemu/rpc/raft-codec'
import type { MessageBatch, PeerNotice, SnapshotChunk, SnapshotReply } from '@kemu/rpc/raft-codec'
import { nodeIdOf } from '../cluster/member-id.ts'
import { promoteLearner } from '../api/cluster.ts'
import { leaderLeases } from '../api/lease.ts'
import { etcdError } from '../errors.ts'
import type { ChannelTarget } from '../grpc/client.ts'
import type { Call, GrpcServer, StreamHandler } from '../grpc/server.ts'
import { messageFrom } from '../host/raft-codec.ts'
import type { Member } from '../member/member.ts'
import { hashOf } from '../mvcc/hash.ts'
import type { SnapshotDir } from '../snapshot/snapshot-dir.ts'
import { introducedTargets, peerUrlsHeader } from './introduction.ts'

export interface PeerServiceDeps {
  readonly member: Member
  readonly snapshots: SnapshotDir
  readonly logger: Logger
  /** Somebody writes, and says where it is reached. */
  readonly meet: (memberId: bigint, targets: readonly ChannelTarget[]) => void
  /** --strict-reconfig-check */
  readonly isStrict: boolean
}

/** What the other members ask of this one. */
export function addPeerService(server: GrpcServer, deps: PeerServiceDeps): void {
  const { member } = deps
  const leases = leaderLeases(member)
  server
    .stream(PeerService.Messages, (call) => messages(call, deps))
    .stream(PeerService.InstallSnapshot, (call) => new SnapshotReceiver(call, deps))
    .async(PeerService.LeaseKeepAlive, async ({ ID }) => ({ ID, TTL: await leases.renew(ID) }))
    .async(PeerService.LeaseTimeToLive, async (request) => ({
      ID: request.ID,
      ...(await leases.timeToLive(request)),
    }))
    .async(PeerService.MemberPromote, async ({ ID }) => {
      if (!member.isLeader) throw etcdError('notLeader')
      return { members: await promoteLearner(member, deps.isStrict, ID) }
    })
    .async(PeerService.HashKV, ({ revision }) => ({
      header: member.header(),
      ...hashOf(member.state.store, revision),
    }))
    .async(PeerService.Members, () => ({
      clusterId: member.clusterId,
      members: member.state.membership.all(),
    }))
}

function messages(
  call: Call<PeerNotice>,
  { member, logger, meet }: PeerServiceDeps,
): StreamHandler<MessageBatch> {
  call.write({})
  let targets = introducedTargets(call.headers[peerUrlsHeader])
  return {
    onMessage({ clusterId, memberId, messages }) {
      if (clusterId !== member.clusterId) {
        logger.warn('Refused messages of another cluster', { clusterId: clusterId.toString(16) })
        call.fail(etcdError('clusterIdMismatch'))
        return
      }
      if (member.state.membership.isRemoved(memberId)) {
        call.write({ removed: true })
        return
      }
      if (targets) meet(memberId, targets)
      targets = undefined
      for (const wire of messages) {
        const message = messageFrom(wire)
        if (message && message.to === nodeIdOf(member.id)) member.host.step(message)
      }
    },
    onEnd: () => call.end(),
    onAbort() {},
    onDrain() {},
  }
}

/** Takes a leader's snapshot: to a file first, then to raft. */
class SnapshotReceiver implements StreamHandler<SnapshotChunk> {
  readonly #call: Call<SnapshotReply>
  readonly #deps: PeerServiceDeps
  readonly #pieces = new Pieces()
  #message: Message | undefined

  constructor(call: Call<SnapshotReply>, deps: PeerServiceDeps) {
    this.#call = call
    this.#deps = deps
  }

  onMessage({ clusterId, message, data, last }: SnapshotChunk): void {
    if (clusterId !== this.#deps.member.clusterId) {
      this.#call.fail(etcdError('clusterIdMismatch'))
      return
    }
    if (message) this.#begin(messageFrom(message))
    if (data.length > 0) this.#pieces.push(Buffer.from(data))
    if (last) this.#pieces.end()
  }

  onEnd(): void {
    this.#pieces.fail(new Error('the snapshot was cut short'))
  }

  onAbort(): void {
    this.#pieces.fail(new Error('the connection was lost'))
  }

  onDrain(): void {}

  #begin(message: Message | undefined): void {
    if (message?.type !== 'snapshot' || this.#message) return
    this.#message = message
    const { member, snapshots, logger } = this.#deps
    const { index, term } = message.snapshot.metadata
    snapshots.write({ index, term }, this.#pieces).then(
      (bytes) => {
        logger.info('Received a snapshot', { index, bytes })
        member.host.step(message)
        this.#call.reply({})
      },
      (error: unknown) => {
        logger.warn('Could not take a snapshot', { index, err: error })
        this.#call.fail(error)
      },
    )
  }
}

/** Buffers that come by events, for who reads them one after the other. */
class Pieces implements AsyncIterable<Buffer> {
  #queue: Buffer[] = []
  #isEnded = false
  #error: Error | undefined
  #wake: () => void = () => {}

  push(piece: Buffer): void {
    this.#queue.push(piece)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  fail(error: Error): void {
    if (!this.#isEnded) this.#error = error
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      yield* this.#queue.splice(0)
      if (this.#error) throw this.#error
      if (this.#queue.length > 0) continue
      if (this.#isEnded) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
