import { Metadata, status } from '@grpc/grpc-js'

/** A refused call: code, message for people, trailing metadata. Handlers throw it, callers get it. */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly code: status
  /** The message under grpc-js's name for it; tap tells of this and not of the message of an error with such a code. */
  readonly details: string
  readonly metadata: Metadata

  constructor(code: status, message: string, metadata: Metadata = new Metadata()) {
    super(message)
    this.code = code
    this.details = message
    this.metadata = metadata
  }
}

/** The error of a grpc-js call as an RpcError; its message is the server's own, without grpc-js's code prefix. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  if (isServiceError(error))
    return new RpcError(error.code, error.details || error.message, error.metadata)
  return new RpcError(status.UNKNOWN, error instanceof Error ? error.message : String(error))
}

type ServiceFault = Error & { code: status; details: string; metadata: Metadata }

function isServiceError(error: unknown): error is ServiceFault {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error
}
