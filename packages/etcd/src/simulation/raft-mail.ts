import { decodeMessage, encodeMessage } from '@kemu/rpc/protobuf'
import { MessageBatch, PeerService } from '@kemu/rpc/raft-codec'
import type { RaftMessage } from '@kemu/rpc/raft-codec'

/** gRPC's flag and length before each message. */
const prefixBytes = 5

/** Raft's messages may be lost, doubled and reordered; all else goes over connections that do not do that. */
export function isRaftMail(path: string): boolean {
  return path === PeerService.Messages.path
}

export function readMail(data: Buffer): readonly RaftMessage[] {
  return decodeMessage(MessageBatch, data.subarray(prefixBytes)).messages
}

/** A proposal that comes twice is proposed twice (packages/raft/README.md): no connection doubles one. */
export function withoutProposals(data: Buffer): Buffer {
  const batch = decodeMessage(MessageBatch, data.subarray(prefixBytes))
  const messages = batch.messages.filter(({ type }) => type !== 'propose')
  const bytes = encodeMessage(MessageBatch, { ...batch, messages })
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([prefix, bytes])
}
