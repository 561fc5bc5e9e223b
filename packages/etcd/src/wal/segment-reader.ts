import { corruptWal } from './errors.ts'
import { crc32 } from './crc32.ts'
import { decodeRecord, recordHeaderBytes } from './record.ts'

export interface SegmentRecord {
  readonly kind: number
  readonly payload: Buffer
}

export interface SegmentContent {
  readonly records: SegmentRecord[]
  /** The chain's checksum after the last good record. */
  readonly checksum: number
  /** Where the good records end. */
  readonly goodBytes: number
  /** What follows them, up to the last byte that is not zero: a write that was torn. */
  readonly tornBytes: number
  readonly totalBytes: number
}

/**
 * Reads a segment. Zeros at its end are room for more records. What is torn at the very end of the last segment was
 * never acknowledged and is cut off; a bad record that is followed by a good one, or in an older segment, is corruption
 * and refused.
 */
export function readSegment(
  file: string,
  bytes: Buffer,
  checksumBefore: number,
  isLast: boolean,
): SegmentContent {
  const records: SegmentRecord[] = []
  let checksum = checksumBefore
  let at = 0
  while (at < bytes.length) {
    const record = decodeRecord(bytes, at, checksum)
    if (typeof record === 'string') {
      if (trimZeros(bytes) <= at) break
      if (!isLast || isFollowedByRecord(bytes, at, checksum)) throw corruptWal(file, at)
      break
    }
    records.push({ kind: record.kind, payload: record.payload })
    checksum = record.checksum
    at = record.end
  }
  const tornBytes = Math.max(0, trimZeros(bytes) - at)
  return { records, checksum, goodBytes: at, tornBytes, totalBytes: bytes.length }
}

/** Where the zeros begin that `bytes` end with. */
function trimZeros(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return end
}

/**
 * One write is one record, and the next is written only when the disk has it. So after a torn record there is nothing
 * whole; a record that continues the bad one's checksum says that the bad one was once good.
 */
function isFollowedByRecord(bytes: Buffer, at: number, checksumBefore: number): boolean {
  if (bytes.length - at < recordHeaderBytes) return false
  const end = Math.min(bytes.length, at + recordHeaderBytes + bytes.readUInt32LE(at))
  // Either the checksum was damaged, or what it is of.
  const seeds = [bytes.readUInt32LE(at + 4), crc32(bytes.subarray(at + 8, end), checksumBefore)]
  for (let next = at + recordHeaderBytes; next <= bytes.length - recordHeaderBytes; next++) {
    const length = bytes.readUInt32LE(next)
    if (length === 0 || length > bytes.length - next - recordHeaderBytes) continue
    if (seeds.some((seed) => typeof decodeRecord(bytes, next, seed) !== 'string')) return true
  }
  return false
}
