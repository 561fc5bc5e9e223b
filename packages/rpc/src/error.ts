import type { Metadata } from './metadata.ts'
import { status } from './status.ts'

/** A refused call: code, message for people, trailing metadata. Handlers throw it, callers get it. */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly code: number
  /** The message under grpc-js's name for it; tap tells of this and not of the message of an error with such a code. */
  readonly details: string
  readonly metadata: Metadata

  constructor(code: number, message: string, metadata: Metadata = {}) {
    super(message)
    this.code = code
    this.details = message
    this.metadata = metadata
  }
}

/** What is thrown at a call, as the caller gets it. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  return new RpcError(status.UNKNOWN, error instanceof Error ? error.message : String(error))
}
