import { crc32 } from './crc32.ts'

/**
 * A record of the write-ahead log or of a snapshot: length of the payload, checksum, kind, payload. The checksum goes
 * over kind and payload and continues that of the record before, so that records cannot be lost, swapped or come from
 * another file unnoticed.
 */
export const recordHeaderBytes = 9

/** The kinds of the log; a snapshot has its own. */
export const recordKinds = { metadata: 1, batch: 2 } as const

export interface WalRecord {
  readonly kind: number
  readonly payload: Buffer
  /** The chain's checksum after this record. */
  readonly checksum: number
  /** Where the next record starts. */
  readonly end: number
}

export function encodeRecord(
  kind: number,
  payload: Uint8Array,
  checksumBefore: number,
): { bytes: Buffer; checksum: number } {
  const bytes = Buffer.allocUnsafe(recordHeaderBytes + payload.length)
  bytes[8] = kind
  bytes.set(payload, recordHeaderBytes)
  const checksum = crc32(bytes.subarray(8), checksumBefore)
  bytes.writeUInt32LE(payload.length, 0)
  bytes.writeUInt32LE(checksum, 4)
  return { bytes, checksum }
}

/** Why the bytes at an offset are no record. `short`: they end in the middle of one. */
export type RecordFault = 'short' | 'checksum'

export function decodeRecord(
  bytes: Buffer,
  at: number,
  checksumBefore: number,
): WalRecord | RecordFault {
  if (bytes.length - at < recordHeaderBytes) return 'short'
  const length = bytes.readUInt32LE(at)
  const end = at + recordHeaderBytes + length
  if (end > bytes.length) return 'short'
  const checksum = bytes.readUInt32LE(at + 4)
  if (crc32(bytes.subarray(at + 8, end), checksumBefore) !== checksum) return 'checksum'
  return {
    kind: bytes[at + 8]!,
    payload: bytes.subarray(at + recordHeaderBytes, end),
    checksum,
    end,
  }
}
