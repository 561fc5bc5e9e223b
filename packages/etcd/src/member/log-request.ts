import { encodeMessage, ProtobufWriter } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import { LogRequest } from '@kemu/rpc/raft-codec'

/** Requests whose bytes go into the log as the client sent them; the numbers are LogRequest's fields. */
const fieldNumbers = { put: 10, deleteRange: 11, txn: 12 } as const

export type RawKind = keyof typeof fieldNumbers

export interface Origin {
  readonly memberId: bigint
  readonly sequence: number
  readonly user: string
  readonly authRevision: number
}

const scratch = new ProtobufWriter(64 << 10)

/** A LogRequest around bytes that are encoded already. */
export function wrapRequest(origin: Origin, kind: RawKind, bytes: Uint8Array): Uint8Array {
  scratch.reset()
  scratch.raw(bytes)
  scratch.uint32((fieldNumbers[kind] << 3) | 2)
  LogRequest.encode(scratch, origin)
  return Buffer.from(scratch.bytes())
}

export function encodeRequest(origin: Origin, request: Init<LogRequest>): Uint8Array {
  return encodeMessage(LogRequest, { ...request, ...origin })
}
