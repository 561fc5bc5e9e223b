/** Error codes of RFC 9113, section 7. */
export const errorCodes = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const

export type ErrorName = keyof typeof errorCodes

/** The peer broke the protocol; the connection ends with a GOAWAY of this code. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
  readonly code: number

  constructor(code: ErrorName, message: string) {
    super(message)
    this.code = errorCodes[code]
  }
}
