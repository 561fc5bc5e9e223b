import { readFileSync } from 'node:fs'
import { corruptWal } from './errors.ts'
import { decodeRecord } from './record.ts'

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
  readonly totalBytes: number
}

/**
 * Reads a segment. What is torn at the very end of the last segment was never acknowledged and is cut off; a bad record
 * that is followed by a good one, or in an older segment, is corruption and refused.
 */
export function readSegment(file: string, checksumBefore: number, isLast: boolean): SegmentContent {
  const bytes = readFileSync(file)
  const records: SegmentRecord[] = []
  let checksum = checksumBefore
  let at = 0
  while (at < bytes.length) {
    const record = decodeRecord(bytes, at, checksum)
    if (typeof record === 'string') {
      if (!isLast || (record === 'checksum' && isFollowedByRecord(bytes, at))) {
        throw corruptWal(file, at)
      }
      break
    }
    records.push({ kind: record.kind, payload: record.payload })
    checksum = record.checksum
    at = record.end
  }
  return { records, checksum, goodBytes: at, totalBytes: bytes.length }
}

/**
 * A torn write is one write's tail: nothing whole stands after it. The chain is broken by the bad record, but a record
 * behind it still continues the checksum that the bad one claims.
 */
function isFollowedByRecord(bytes: Buffer, at: number): boolean {
  const claimed = bytes.readUInt32LE(at + 4)
  const next = at + 9 + bytes.readUInt32LE(at)
  return next < bytes.length && typeof decodeRecord(bytes, next, claimed) !== 'string'
}
