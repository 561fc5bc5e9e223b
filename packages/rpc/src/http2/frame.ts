/** Frame types, flags and settings of RFC 9113, sections 6 and 11. */
export const frameTypes = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

export const flags = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const

export const settings = {
  HEADER_TABLE_SIZE: 1,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const

export const frameHeaderBytes = 9
export const defaultWindowBytes = 65_535
export const defaultFrameBytes = 16_384
export const windowBytesMax = 0x7fff_ffff

export const clientPreface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** The nine bytes before each frame's payload. */
export function writeFrameHeader(
  target: Buffer,
  at: number,
  length: number,
  type: number,
  flagBits: number,
  streamId: number,
): number {
  target[at] = length >>> 16
  target[at + 1] = length >>> 8
  target[at + 2] = length
  target[at + 3] = type
  target[at + 4] = flagBits
  target.writeUInt32BE(streamId, at + 5)
  return at + frameHeaderBytes
}

/** A whole frame in a Buffer of its own, for the rare kinds. */
export function frame(type: number, flagBits: number, streamId: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes + payload.length)
  writeFrameHeader(bytes, 0, payload.length, type, flagBits, streamId)
  payload.copy(bytes, frameHeaderBytes)
  return bytes
}

export function settingsFrame(values: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(values.length * 6)
  values.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6)
    payload.writeUInt32BE(value, i * 6 + 2)
  })
  return frame(frameTypes.SETTINGS, 0, 0, payload)
}

export function uint32Payload(...values: number[]): Buffer {
  const payload = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => payload.writeUInt32BE(value >>> 0, i * 4))
  return payload
}
