/** Status codes of gRPC. */
export const code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

/** A refused call: what the client sees. */
export class GrpcError extends Error {
  override name = 'GrpcError'
  readonly code: number
  /** The message under grpc-js's name for it; tap tells of this and not of the message of an error with such a code. */
  readonly details: string

  constructor(code: number, message: string) {
    super(message)
    this.code = code
    this.details = message
  }
}

const goNames: Readonly<Record<number, string>> = {
  [code.INVALID_ARGUMENT]: 'InvalidArgument',
  [code.PERMISSION_DENIED]: 'PermissionDenied',
  [code.FAILED_PRECONDITION]: 'FailedPrecondition',
  [code.UNAUTHENTICATED]: 'Unauthenticated',
}

/** A code as Go writes it; for texts in which etcd passes Go's errors on. */
export function statusName(status: number): string {
  return goNames[status] ?? 'Unknown'
}
