import { SpdyError } from './header-codec.ts'

/** Numbers of control frames (SPDY draft 3.1, section 2.6). */
const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

/** Why a stream is refused or given up (section 2.6.3). */
export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  internalError: 6,
  streamInUse: 8,
} as const

/** A frame as it comes from the wire; header blocks are still packed. */
export type SpdyFrame =
  | {
      readonly kind: 'data'
      readonly streamId: number
      readonly fin: boolean
      readonly data: Buffer
    }
  | {
      readonly kind: 'synStream'
      readonly streamId: number
      readonly fin: boolean
      readonly block: Buffer
    }
  | {
      readonly kind: 'synReply'
      readonly streamId: number
      readonly fin: boolean
      readonly block: Buffer
    }
  | {
      readonly kind: 'headers'
      readonly streamId: number
      readonly fin: boolean
      readonly block: Buffer
    }
  | { readonly kind: 'rstStream'; readonly streamId: number; readonly status: number }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'goAway' }
  /** SETTINGS and WINDOW_UPDATE: the peers that we talk to know no flow control. */
  | { readonly kind: 'ignored' }

const headerBytes = 8
const finFlag = 0x01
const version = 3
/** A frame that says it is longer is refused; spdystream writes 64 KiB at most. */
const frameBytesMax = 1024 * 1024

/** Cuts a byte stream into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames that are complete now. */
  push(chunk: Buffer): SpdyFrame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: SpdyFrame[] = []
    while (this.#rest.length >= headerBytes) {
      const length = this.#rest.readUIntBE(5, 3)
      if (length > frameBytesMax) throw new SpdyError(`frame of ${length} bytes is too large`)
      const end = headerBytes + length
      if (this.#rest.length < end) break
      frames.push(
        parseFrame(this.#rest.subarray(0, headerBytes), this.#rest.subarray(headerBytes, end)),
      )
      this.#rest = this.#rest.subarray(end)
    }
    return frames
  }
}

function parseFrame(header: Buffer, payload: Buffer): SpdyFrame {
  const fin = (header[4]! & finFlag) !== 0
  const first = header.readUInt32BE(0)
  if (first >>> 31 === 0) return { kind: 'data', streamId: first, fin, data: payload }
  if (((first >>> 16) & 0x7fff) !== version) throw new SpdyError('unknown SPDY version')
  return parseControl(first & 0xffff, fin, payload)
}

function parseControl(type: number, fin: boolean, payload: Buffer): SpdyFrame {
  const number = (at: number): number => {
    if (payload.length < at + 4) throw new SpdyError('control frame is cut short')
    return payload.readUInt32BE(at) & 0x7fffffff
  }
  switch (type) {
    case frameType.synStream:
      return { kind: 'synStream', streamId: number(0), fin, block: payload.subarray(10) }
    case frameType.synReply:
      return { kind: 'synReply', streamId: number(0), fin, block: payload.subarray(4) }
    case frameType.headers:
      return { kind: 'headers', streamId: number(0), fin, block: payload.subarray(4) }
    case frameType.rstStream:
      return { kind: 'rstStream', streamId: number(0), status: number(4) }
    case frameType.ping:
      return { kind: 'ping', id: payload.readUInt32BE(0) }
    case frameType.goAway:
      return { kind: 'goAway' }
    case frameType.settings:
    case frameType.windowUpdate:
      return { kind: 'ignored' }
    default:
      throw new SpdyError(`unknown control frame ${type}`)
  }
}

export function dataFrame(streamId: number, data: Buffer, fin: boolean): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32BE(streamId)
  header[4] = fin ? finFlag : 0
  header.writeUIntBE(data.length, 5, 3)
  return Buffer.concat([header, data])
}

export function synStreamFrame(streamId: number, block: Buffer): Buffer {
  const fields = Buffer.alloc(10) // stream, associated stream, priority and slot: all but the first zero
  fields.writeUInt32BE(streamId)
  return controlFrame(frameType.synStream, Buffer.concat([fields, block]))
}

export function synReplyFrame(streamId: number, block: Buffer): Buffer {
  return controlFrame(frameType.synReply, Buffer.concat([numbers(streamId), block]))
}

export function rstStreamFrame(streamId: number, status: number): Buffer {
  return controlFrame(frameType.rstStream, numbers(streamId, status))
}

export function pingFrame(id: number): Buffer {
  return controlFrame(frameType.ping, numbers(id))
}

export function goAwayFrame(lastStreamId: number): Buffer {
  return controlFrame(frameType.goAway, numbers(lastStreamId, 0))
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i))
  return bytes
}

function controlFrame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16BE(0x8000 | version)
  header.writeUInt16BE(type, 2)
  header.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([header, payload])
}
