import { clientPreface, defaultFrameBytes, frameHeaderBytes } from './frame.ts'
import { ProtocolError } from './protocol-error.ts'

export type OnFrame = (type: number, flagBits: number, streamId: number, payload: Buffer) => void

/** Cuts what a socket brings into frames; a server first sees the client's preface. */
export class FrameReader {
  readonly #onFrame: OnFrame
  #awaitsPreface: boolean
  #rest: Buffer | undefined

  constructor(awaitsPreface: boolean, onFrame: OnFrame) {
    this.#awaitsPreface = awaitsPreface
    this.#onFrame = onFrame
  }

  /** Throws a ProtocolError when it is no HTTP/2. */
  push(chunk: Buffer): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = undefined
    if (this.#awaitsPreface) {
      if (bytes.length < clientPreface.length) {
        this.#rest = bytes
        return
      }
      if (!bytes.subarray(0, clientPreface.length).equals(clientPreface)) {
        throw new ProtocolError('PROTOCOL_ERROR', 'no client preface')
      }
      this.#awaitsPreface = false
      bytes = bytes.subarray(clientPreface.length)
    }
    const used = this.#readFrames(bytes)
    if (used < bytes.length) this.#rest = used === 0 ? bytes : bytes.subarray(used)
  }

  #readFrames(bytes: Buffer): number {
    let at = 0
    while (bytes.length - at >= frameHeaderBytes) {
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
      if (length > defaultFrameBytes) throw new ProtocolError('FRAME_SIZE_ERROR', 'frame too large')
      if (bytes.length - at < frameHeaderBytes + length) break
      const type = bytes[at + 3]!
      const flagBits = bytes[at + 4]!
      const streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff
      const start = at + frameHeaderBytes
      at = start + length
      this.#onFrame(type, flagBits, streamId, bytes.subarray(start, at))
    }
    return at
  }
}

/** The payload of a DATA or HEADERS frame without its padding (RFC 9113, section 6.1). */
export function unpad(isPadded: boolean, payload: Buffer): Buffer {
  if (!isPadded) return payload
  const padding = payload[0] ?? 0
  if (padding >= payload.length) throw new ProtocolError('PROTOCOL_ERROR', 'padding too long')
  return payload.subarray(1, payload.length - padding)
}
