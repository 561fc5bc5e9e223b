import { join } from 'node:path'
import { encodeMessage } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import { WalBatch, WalMetadata } from '@kemu/rpc/raft-codec'
import type { WalSave } from '@kemu/rpc/raft-codec'
import type { Clock } from '@kemu/base'
import type { Disk, DiskDone } from './disk.ts'
import { DiskPace } from './disk-pace.ts'
import { DataDirError } from './errors.ts'
import { encodeRecord, recordKinds } from './record.ts'
import { readLog } from './log-reader.ts'
import { listSegments, segmentName } from './segments.ts'
import type { Segment } from './segments.ts'

/** From this format on a segment may end in zeros. */
export const walFormat = 2
/** Larger writes are left to another thread. */
const urgentBytesMax = 16 << 10
/**
 * A small write that makes its file longer makes it longer by this: those that follow overwrite zeros, and the disk has
 * nothing to write but them, neither the file's length nor where its blocks are.
 */
const zerosAhead = Buffer.alloc(128 << 10)

export interface WalConfig {
  readonly directory: string
  /** A segment that has grown past this is followed by a new one. */
  readonly segmentBytes: number
  readonly clock: Clock
  readonly disk: Disk
}

/** What a restart finds. */
export interface WalContent {
  readonly metadata: WalMetadata
  readonly saves: WalSave[]
  /** Bytes of a torn write that were cut off at the end. */
  readonly tornBytes: number
}

/** Where the present segment stands. */
interface Tail {
  readonly fd: number
  readonly format: number
  readonly offset: number
  readonly fileBytes: number
  readonly checksum: number
  readonly lastIndex: number
}

/**
 * The write-ahead log: what raft must not forget, in segment files of checksummed records. `save` is done when the disk
 * has it; saves that are waiting while the disk works go together in the next write.
 */
export class Wal {
  readonly #config: WalConfig
  readonly #metadata: Buffer
  readonly #segments: Segment[]
  #fd: number
  #format: number
  #offset: number
  /** From `#offset` to here there are zeros. */
  #fileBytes: number
  #checksum: number
  #lastIndex: number
  /** The last write failed: ask for no more room than the record needs. */
  #isRoomScarce = false
  /** What each segment repeats at its beginning, so that those before it can go. */
  #hardState: Init<WalSave>['hardState']
  #snapshot: Init<WalSave>['snapshot']
  readonly #disk: Disk
  readonly #pace = new DiskPace()

  private constructor(config: WalConfig, metadata: Buffer, segments: Segment[], tail: Tail) {
    this.#config = config
    this.#disk = config.disk
    this.#metadata = metadata
    this.#segments = segments
    this.#fd = tail.fd
    this.#format = tail.format
    this.#offset = tail.offset
    this.#fileBytes = tail.fileBytes
    this.#checksum = tail.checksum
    this.#lastIndex = tail.lastIndex
  }

  static exists(directory: string, disk: Disk): boolean {
    return listSegments(directory, disk).length > 0
  }

  static create(config: WalConfig, metadata: Init<WalMetadata>): Wal {
    const { disk } = config
    disk.makeDirectory(config.directory)
    const bytes = encodeMetadata(metadata)
    const file = join(config.directory, segmentName(0, 0))
    const head = encodeRecord(recordKinds.metadata, bytes, 0)
    // The file has its name only when it is whole: a crash before that leaves a directory that is still empty.
    const fd = disk.openLog(`${file}.tmp`)
    disk.truncateOpen(fd, 0)
    disk.writeNow(fd, head.bytes, 0)
    disk.rename(`${file}.tmp`, file)
    disk.syncDirectory(config.directory)
    return new Wal(config, bytes, [{ file, sequence: 0, lastIndex: 0 }], {
      fd,
      format: walFormat,
      offset: head.bytes.length,
      fileBytes: head.bytes.length,
      checksum: head.checksum,
      lastIndex: 0,
    })
  }

  /** Reads everything, cuts off a torn end, and goes on writing behind it. */
  static open(config: WalConfig): { wal: Wal; content: WalContent } {
    const { disk } = config
    const segments = listSegments(config.directory, disk)
    if (segments.length === 0) throw new DataDirError(`no write-ahead log in ${config.directory}`)
    const { metadata, saves, tail, lastIndex } = readLog(config.directory, segments, disk)
    const { goodBytes, tornBytes, totalBytes, checksum } = tail
    const last = segments.at(-1)!.file
    if (tornBytes > 0) disk.truncate(last, goodBytes)
    const wal = new Wal(config, encodeMetadata(metadata), segments, {
      fd: disk.openLog(last),
      format: metadata.format,
      offset: goodBytes,
      fileBytes: tornBytes > 0 ? goodBytes : totalBytes,
      checksum,
      lastIndex,
    })
    wal.#remember(saves)
    return { wal, content: { metadata, saves, tornBytes } }
  }

  /**
   * Calls back when all of it is on disk, or with the disk's error; then nothing of it counts as written. With
   * `isUrgent` it may do so before it returns: blocking for a quick disk takes less time than asking another thread.
   */
  save(saves: readonly Init<WalSave>[], isUrgent: boolean, done: DiskDone): void {
    const payload = encodeMessage(WalBatch, { saves })
    const { bytes, checksum } = encodeRecord(recordKinds.batch, payload, this.#checksum)
    const isSmall = bytes.length <= urgentBytesMax
    const written = isSmall && this.#needsRoom(bytes.length) ? withZerosAhead(bytes) : bytes
    const finish: DiskDone = (error) => {
      if (error) {
        this.#undoWrite()
        return done(error)
      }
      this.#isRoomScarce = false
      this.#checksum = checksum
      this.#fileBytes = Math.max(this.#fileBytes, this.#offset + written.length)
      this.#offset += bytes.length
      for (const { entries } of saves) this.#lastIndex = entries?.at(-1)?.index ?? this.#lastIndex
      this.#remember(saves)
      if (this.#offset >= this.#config.segmentBytes) return this.#cut(done)
      done(null)
    }
    if (isUrgent && isSmall && this.#pace.isQuick) return this.#writeNow(written, finish)
    const began = this.#config.clock.monotonicMs()
    this.#disk.write(this.#fd, written, this.#offset, (error) => {
      if (isSmall) this.#pace.note(this.#config.clock.monotonicMs() - began)
      finish(error)
    })
  }

  /** Whether the file should grow by more than this record. Older formats do not know zeros at a segment's end. */
  #needsRoom(bytes: number): boolean {
    const isFull = this.#offset + bytes > this.#fileBytes
    return isFull && this.#format >= walFormat && !this.#isRoomScarce
  }

  #writeNow(bytes: Buffer, finish: DiskDone): void {
    const began = this.#config.clock.monotonicMs()
    try {
      this.#disk.writeNow(this.#fd, bytes, this.#offset)
    } catch (error) {
      return finish(error as NodeJS.ErrnoException)
    }
    this.#pace.note(this.#config.clock.monotonicMs() - began)
    finish(null)
  }

  /** Deletes the segments of which every entry is at or before `index`: a snapshot has it. */
  purge(index: number): string[] {
    const purged: string[] = []
    while (this.#segments.length > 1 && this.#segments[1]!.lastIndex <= index) {
      const { file } = this.#segments.shift()!
      this.#disk.remove(file)
      purged.push(file)
    }
    return purged
  }

  close(): void {
    this.#disk.syncData(this.#fd)
    this.#disk.close(this.#fd)
  }

  /** Part of a failed write may be there; the next one starts where it did. */
  #undoWrite(): void {
    this.#isRoomScarce = true
    this.#fileBytes = this.#offset
    try {
      this.#disk.truncateOpen(this.#fd, this.#offset)
    } catch {
      // The next write overwrites it in any case.
    }
  }

  #remember(saves: readonly Init<WalSave>[]): void {
    for (const { hardState, snapshot } of saves) {
      if (hardState) this.#hardState = hardState
      // Entries that it replaced are in older segments, or gone. One that the leader's has overtaken counts no more.
      if (snapshot && (snapshot.index ?? 0) >= (this.#snapshot?.index ?? 0))
        this.#snapshot = { ...snapshot, received: false }
    }
  }

  /** How a segment begins: whose it is, and what must outlive the segments before it. */
  #head(): { bytes: Buffer; checksum: number } {
    const metadata = encodeRecord(recordKinds.metadata, this.#metadata, 0)
    const standing = { hardState: this.#hardState, snapshot: this.#snapshot }
    const payload = encodeMessage(WalBatch, { saves: [standing] })
    const batch = encodeRecord(recordKinds.batch, payload, metadata.checksum)
    return { bytes: Buffer.concat([metadata.bytes, batch.bytes]), checksum: batch.checksum }
  }

  #cut(done: DiskDone): void {
    const sequence = this.#segments.at(-1)!.sequence + 1
    const file = join(this.#config.directory, segmentName(sequence, this.#lastIndex))
    const head = this.#head()
    try {
      const fd = this.#newSegment(file, head.bytes)
      this.#disk.close(this.#fd)
      this.#fd = fd
      this.#format = walFormat
      this.#offset = head.bytes.length
      this.#fileBytes = head.bytes.length
      this.#checksum = head.checksum
      this.#segments.push({ file, sequence, lastIndex: this.#lastIndex })
    } catch {
      // No room for a new file: the present one goes on growing.
      return done(null)
    }
    this.#disk.syncDirectoryLater(this.#config.directory, done)
  }

  /** Leaves no half a file behind when there is no room. */
  #newSegment(file: string, head: Buffer): number {
    const fd = this.#disk.openLog(file)
    try {
      // One may be there that was being begun when the power went.
      this.#disk.truncateOpen(fd, 0)
      this.#disk.writeNow(fd, head, 0)
      return fd
    } catch (error) {
      this.#disk.close(fd)
      this.#disk.remove(file)
      throw error
    }
  }
}

function encodeMetadata(metadata: Init<WalMetadata>): Buffer {
  return Buffer.from(encodeMessage(WalMetadata, { ...metadata, format: walFormat }))
}

function withZerosAhead(record: Buffer): Buffer {
  return Buffer.concat([record, zerosAhead])
}
