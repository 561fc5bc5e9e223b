import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { LogBatch } from '@kemu/log-store'
import type { LogPlace } from './log-place.ts'
import { readLines } from './read-lines.ts'

/** What one batch holds at most; larger than the longest line, so that a full buffer always yields one. */
const batchBytes = 256 * 1024
/** A file is known by its beginning: its first line, or this much of it. */
const fingerprintBytes = 20 * 1024

/**
 * An open log file and how far it is shipped. It stays the same file whatever it is renamed to, and can be read to its
 * end after it was removed. Its id is made from its first line, which has a time of its own: inode numbers are given
 * again, device numbers change with a reboot, and a compressed copy has neither.
 */
export class LogFile {
  readonly place: LogPlace
  /** Grows with each file that is opened. */
  readonly #serial: number
  readonly #host: string
  readonly #fd: number
  #id: string | undefined
  /** Bytes before it are in the store, as far as this process knows. */
  #offset = 0
  /** Bytes before it were in the store once. offset <= acknowledged, but for a store that is ahead of us. */
  #acknowledged = 0

  static #opened = 0

  constructor(place: LogPlace, host: string, fd = openSync(place.path, 'r')) {
    this.place = place
    this.#serial = LogFile.#opened++
    this.#host = host
    this.#fd = fd
  }

  get inode(): bigint {
    return fstatSync(this.#fd, { bigint: true }).ino
  }

  /** Of files in one folder: its lines were written before the other's. */
  isOlderThan(other: LogFile): boolean {
    if (this.place.age !== other.place.age) return this.place.age < other.place.age
    return this.#serial < other.#serial
  }

  /** Undefined as long as the file has no whole line. */
  get id(): string | undefined {
    this.#id ??= this.#fingerprint()
    return this.#id
  }

  /** Nobody can write to it any more unless he has it open still, and nobody finds it. */
  get isRemoved(): boolean {
    return fstatSync(this.#fd).nlink === 0
  }

  /** The next lines, or undefined when there is no whole line behind the position. */
  read(readTime: string): LogBatch | undefined {
    const id = this.id
    if (id === undefined) return undefined
    const { size } = fstatSync(this.#fd)
    if (size < this.#offset) return this.#cutBack(id, size, readTime)
    const wanted = Math.min(batchBytes, size - this.#offset)
    if (wanted === 0) return undefined
    const buffer = Buffer.allocUnsafe(wanted)
    const length = readSync(this.#fd, buffer, 0, wanted, this.#offset)
    const lines = readLines(buffer.subarray(0, length), this.place.form, readTime)
    if (lines.length === 0) return undefined
    const { source, container } = this.place
    const from = this.#offset
    let start = from
    return {
      host: this.#host,
      file: id,
      source,
      from,
      to: from + lines.at(-1)!.end,
      lines: lines.map(({ end, ...line }) => {
        const resent = start < this.#acknowledged
        start = from + end
        return { ...line, host: this.#host, container, resent }
      }),
    }
  }

  /** The store has everything up to here; less than before when it lost its newest writes. */
  moveTo(position: number): void {
    this.#offset = position
    this.#acknowledged = Math.max(this.#acknowledged, position)
  }

  get offset(): number {
    return this.#offset
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  close(): void {
    closeSync(this.#fd)
  }

  /**
   * The file was cut in place. With another beginning it is another file; otherwise what was cut off comes again, and
   * then its lines are marked.
   */
  #cutBack(id: string, size: number, readTime: string): LogBatch | undefined {
    const from = this.#offset
    this.#id = undefined
    if (this.id !== id) {
      this.#offset = 0
      this.#acknowledged = 0
      return this.read(readTime)
    }
    const to = this.#startOfLastLine(size)
    return { host: this.#host, file: id, source: this.place.source, from, to, lines: [] }
  }

  /** Where the unfinished line at the end of the file begins. */
  #startOfLastLine(size: number): number {
    const start = Math.max(0, size - batchBytes)
    const buffer = Buffer.allocUnsafe(size - start)
    const length = readSync(this.#fd, buffer, 0, buffer.length, start)
    return start + buffer.subarray(0, length).lastIndexOf(0x0a) + 1
  }

  #fingerprint(): string | undefined {
    const buffer = Buffer.allocUnsafe(fingerprintBytes)
    const length = readSync(this.#fd, buffer, 0, fingerprintBytes, 0)
    const newline = buffer.subarray(0, length).indexOf(0x0a)
    if (newline < 0 && length < fingerprintBytes) return undefined
    const beginning = buffer.subarray(0, newline < 0 ? fingerprintBytes : newline)
    const hash = createHash('sha256').update(beginning).digest('hex').slice(0, 16)
    return `${this.place.folder}/${hash}`
  }
}
