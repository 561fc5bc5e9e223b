import { decodeMessage } from '@kemu/rpc/protobuf'
import { WalBatch, WalMetadata } from '@kemu/rpc/raft-codec'
import type { WalSave } from '@kemu/rpc/raft-codec'
import type { Disk } from './disk.ts'
import { corruptWal, DataDirError, foreignFormat } from './errors.ts'
import { recordKinds } from './record.ts'
import { readSegment } from './segment-reader.ts'
import type { SegmentContent } from './segment-reader.ts'
import type { Segment } from './segments.ts'

/** Format 1 has no zeros at the end of a segment; its segments are read, and followed by such of format 2. */
const formats: readonly number[] = [1, 2]
const formatWithZeros = 2

export interface LogContent {
  readonly metadata: WalMetadata
  readonly saves: WalSave[]
  /** The segment that is written on. */
  readonly tail: SegmentContent
  readonly lastIndex: number
}

/**
 * Reads all segments. Each begins its chain of checksums anew with the metadata and, but for the first of all, a batch
 * that repeats what the segments before it may be needed for. A last one that has not even that was being begun when
 * the member died: it is removed, here and from `segments`.
 */
export function readLog(directory: string, segments: Segment[], disk: Disk): LogContent {
  let lastIndex = segments[0]?.lastIndex ?? 0
  let metadata: WalMetadata | undefined
  let tail: SegmentContent | undefined
  const saves: WalSave[] = []
  const last = readLastSegment(segments, disk)
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1
    const content = isLast ? last : readSegment(segment.file, disk.read(segment.file), 0, false)
    // Zeros could hide that the end of the segment before is missing: this one's name knows how far it went.
    if (tail && metadata?.format === formatWithZeros && segment.lastIndex !== lastIndex) {
      throw corruptWal(segments[i - 1]!.file, tail.goodBytes)
    }
    for (const { kind, payload } of content.records) {
      if (kind === recordKinds.metadata) {
        metadata = readMetadata(directory, payload)
        continue
      }
      for (const save of decodeMessage(WalBatch, payload).saves) {
        saves.push(save)
        lastIndex = save.entries.at(-1)?.index ?? lastIndex
      }
    }
    tail = content
  }
  if (!metadata || !tail) throw new DataDirError(`write-ahead log in ${directory} has no metadata`)
  return { metadata, saves, tail, lastIndex }
}

/** The last one that was begun; the others end as they should. */
function readLastSegment(segments: Segment[], disk: Disk): SegmentContent {
  for (;;) {
    const { file } = segments.at(-1)!
    const content = readSegment(file, disk.read(file), 0, true)
    const isBegun = content.records.some(({ kind }) => kind === recordKinds.batch)
    if (isBegun || segments.length === 1) return content
    disk.remove(file)
    segments.pop()
  }
}

function readMetadata(directory: string, payload: Buffer): WalMetadata {
  const metadata = decodeMessage(WalMetadata, payload)
  if (!formats.includes(metadata.format)) throw foreignFormat(directory, metadata.format)
  return metadata
}
