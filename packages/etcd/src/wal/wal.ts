import { join } from 'node:path'
import { decodeMessage, encodeMessage } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import { WalBatch, WalMetadata } from '@kemu/rpc/raft-codec'
import type { WalSave } from '@kemu/rpc/raft-codec'
import type { Clock } from '@kemu/base'
import type { Disk, DiskDone } from './disk.ts'
import { DiskPace } from './disk-pace.ts'
import { DataDirError, foreignFormat } from './errors.ts'
import { encodeRecord } from './record.ts'
import { readSegment } from './segment-reader.ts'

const kinds = { metadata: 1, batch: 2 } as const
export const walFormat = 1
/** Larger writes are left to another thread. */
const urgentBytesMax = 16 << 10

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

interface Segment {
  readonly file: string
  readonly sequence: number
  /** The last index that was saved before this segment was begun. */
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
  #offset: number
  #checksum: number
  #lastIndex: number
  readonly #disk: Disk
  readonly #pace = new DiskPace()

  private constructor(
    config: WalConfig,
    metadata: Buffer,
    segments: Segment[],
    tail: { fd: number; offset: number; checksum: number; lastIndex: number },
  ) {
    this.#config = config
    this.#disk = config.disk
    this.#metadata = metadata
    this.#segments = segments
    this.#fd = tail.fd
    this.#offset = tail.offset
    this.#checksum = tail.checksum
    this.#lastIndex = tail.lastIndex
  }

  static exists(directory: string, disk: Disk): boolean {
    return listSegments(directory, disk).length > 0
  }

  static create(config: WalConfig, metadata: Init<WalMetadata>): Wal {
    const { disk } = config
    disk.makeDirectory(config.directory)
    const bytes = encodeMessage(WalMetadata, { ...metadata, format: walFormat })
    const file = join(config.directory, segmentName(0, 0))
    const head = encodeRecord(kinds.metadata, bytes, 0)
    // The file has its name only when it is whole: a crash before that leaves a directory that is still empty.
    const fd = disk.openLog(`${file}.tmp`)
    disk.truncateOpen(fd, 0)
    disk.writeNow(fd, head.bytes, 0)
    disk.rename(`${file}.tmp`, file)
    disk.syncDirectory(config.directory)
    return new Wal(config, bytes, [{ file, sequence: 0, lastIndex: 0 }], {
      fd,
      offset: head.bytes.length,
      checksum: head.checksum,
      lastIndex: 0,
    })
  }

  /** Reads everything, cuts off a torn end, and goes on writing behind it. */
  static open(config: WalConfig): { wal: Wal; content: WalContent } {
    const { disk } = config
    const segments = listSegments(config.directory, disk)
    if (segments.length === 0) throw new DataDirError(`no write-ahead log in ${config.directory}`)
    let checksum = 0
    let lastIndex = 0
    let metadata: Buffer | undefined
    let tail = { goodBytes: 0, totalBytes: 0 }
    const saves: WalSave[] = []
    segments.forEach(({ file }, i) => {
      // Each segment begins its chain anew with the metadata.
      const content = readSegment(file, disk.read(file), 0, i === segments.length - 1)
      for (const { kind, payload } of content.records) {
        if (kind === kinds.metadata) metadata = payload
        else saves.push(...decodeMessage(WalBatch, payload).saves)
      }
      checksum = content.checksum
      tail = content
    })
    if (!metadata) throw new DataDirError(`write-ahead log in ${config.directory} has no metadata`)
    const decoded = decodeMessage(WalMetadata, metadata)
    if (decoded.format !== walFormat) throw foreignFormat(config.directory, decoded.format)
    for (const { entries } of saves) lastIndex = entries.at(-1)?.index ?? lastIndex
    const last = segments.at(-1)!.file
    if (tail.goodBytes < tail.totalBytes) disk.truncate(last, tail.goodBytes)
    const fd = disk.openLog(last)
    const wal = new Wal(config, Buffer.from(metadata), segments, {
      fd,
      offset: tail.goodBytes,
      checksum,
      lastIndex,
    })
    const tornBytes = tail.totalBytes - tail.goodBytes
    return { wal, content: { metadata: decoded, saves, tornBytes } }
  }

  /** All segments together, in bytes; only the present one is known exactly. */
  get segmentCount(): number {
    return this.#segments.length
  }

  /**
   * Calls back when all of it is on disk, or with the disk's error; then nothing of it counts as written. With
   * `isUrgent` it may do so before it returns: blocking for a quick disk takes less time than asking another thread.
   */
  save(saves: readonly Init<WalSave>[], isUrgent: boolean, done: DiskDone): void {
    const payload = encodeMessage(WalBatch, { saves })
    const { bytes, checksum } = encodeRecord(kinds.batch, payload, this.#checksum)
    const finish: DiskDone = (error) => {
      if (error) {
        this.#undoWrite()
        return done(error)
      }
      this.#checksum = checksum
      this.#offset += bytes.length
      for (const { entries } of saves) this.#lastIndex = entries?.at(-1)?.index ?? this.#lastIndex
      if (this.#offset >= this.#config.segmentBytes) return this.#cut(done)
      done(null)
    }
    if (isUrgent && bytes.length <= urgentBytesMax && this.#pace.isQuick) {
      this.#writeNow(bytes, finish)
    } else this.#disk.write(this.#fd, bytes, this.#offset, finish)
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
    try {
      this.#disk.truncateOpen(this.#fd, this.#offset)
    } catch {
      // The next write overwrites it in any case.
    }
  }

  #cut(done: DiskDone): void {
    const sequence = this.#segments.at(-1)!.sequence + 1
    const file = join(this.#config.directory, segmentName(sequence, this.#lastIndex))
    try {
      const fd = this.#disk.openLog(file)
      const head = encodeRecord(kinds.metadata, this.#metadata, 0)
      this.#disk.writeNow(fd, head.bytes, 0)
      this.#disk.close(this.#fd)
      this.#fd = fd
      this.#offset = head.bytes.length
      this.#checksum = head.checksum
      this.#segments.push({ file, sequence, lastIndex: this.#lastIndex })
    } catch {
      // No room for a new file: the present one goes on growing.
      return done(null)
    }
    this.#disk.syncDirectoryLater(this.#config.directory, done)
  }
}

function segmentName(sequence: number, lastIndex: number): string {
  return `${hex(sequence)}-${hex(lastIndex)}.wal`
}

function hex(value: number): string {
  return value.toString(16).padStart(16, '0')
}

function listSegments(directory: string, disk: Disk): Segment[] {
  let names: string[]
  try {
    names = disk.list(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names
    .filter((name) => /^[0-9a-f]{16}-[0-9a-f]{16}\.wal$/.test(name))
    .sort()
    .map((name) => ({
      file: join(directory, name),
      sequence: Number.parseInt(name.slice(0, 16), 16),
      lastIndex: Number.parseInt(name.slice(17, 33), 16),
    }))
}
