import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  watch,
  writeSync,
} from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock, Logger } from '@kemu/base'
import { formatOutput, longestLineBytes } from './cri-log.ts'
import type { LogStream } from './cri-log.ts'
import { advanceOffsets, readCheckpoint, readLogSince, writeCheckpoint } from './log-checkpoint.ts'
import type { Timestamps } from './timestamps.ts'

export interface LogTailerDeps {
  readonly clock: Clock
  readonly timestamps: Timestamps
  readonly logger: Logger
  /** Gives back the disk space of raw output up to this offset; it is already in the log. */
  readonly release: (rawPath: string, bytes: number) => void
}

/** Bytes that one turn of the event loop reads at most, so that a flooding container does not stop the others. */
const turnBytes = 256 * 1024
/** A checkpoint bounds how much of the log is read again after a crash. */
const checkpointEveryBytes = 1024 * 1024
/** Raw output on disk beyond this is given back. */
const releaseEveryBytes = 4 * 1024 * 1024

interface Tail {
  readonly stream: LogStream
  readonly path: string
  readonly fd: number
  readonly watcher: FSWatcher
  /** Raw bytes before it are in the log. */
  offset: number
  /** Raw bytes before it were handed to the listeners. */
  seen: number
  releasedBytes: number
}

/** A log that cannot be written (a full disk) is tried again after this. */
const retryMs = 1000

/** Who else wants the raw output as it comes (attach). */
export type OutputListener = (stream: LogStream, chunk: Buffer) => void

/**
 * Copies a container's raw output files to its CRI log as they grow. The raw files belong to the container's shim and
 * grow without us; a new tailer after a crash goes on where the log ends. `logPath` undefined: output is only watched.
 */
export class LogTailer {
  readonly #rawDir: string
  readonly #logPath: string | undefined
  readonly #deps: LogTailerDeps
  readonly #tails: Tail[]
  readonly #listeners = new Set<OutputListener>()
  readonly #buffer = Buffer.allocUnsafe(64 * 1024)
  #logFd: number | undefined
  #logBytes = 0
  #sinceCheckpoint = 0
  #scheduled = false
  #closed = false
  #failing = false
  #drained: (() => void)[] = []

  /** `rawDir` holds the files `stdout` and, without a terminal, `stderr`; they are made here when missing. */
  constructor(
    rawDir: string,
    streams: readonly LogStream[],
    logPath: string | undefined,
    deps: LogTailerDeps,
  ) {
    this.#rawDir = rawDir
    this.#logPath = logPath
    this.#deps = deps
    const checkpoint = readCheckpoint(this.#checkpointPath)
    const fds = streams.map((stream) => openSync(join(rawDir, stream), 'a+', 0o600))
    const offsets = checkpoint ? this.#recover(checkpoint, streams, fds) : { stdout: 0, stderr: 0 }
    this.#tails = streams.map((stream, i) => ({
      stream,
      path: join(rawDir, stream),
      fd: fds[i]!,
      watcher: watch(join(rawDir, stream), { persistent: false }, () => this.#schedule()),
      offset: offsets[stream],
      seen: fstatSync(fds[i]!).size,
      releasedBytes: offsets[stream],
    }))
    this.#openLog()
    if (!checkpoint) this.#checkpoint()
    this.#schedule()
  }

  /** Opens the log anew after the kubelet renamed it. Everything read so far is in the old file. */
  reopen(): void {
    if (this.#logPath === undefined || this.#closed) return
    if (this.#logFd !== undefined) closeSync(this.#logFd)
    this.#logFd = undefined
    this.#openLog()
    this.#checkpoint()
  }

  /** Calls for output from now on, as it comes, whole lines or not; the result stops it. */
  listen(listener: OutputListener): () => void {
    if (this.#listeners.size === 0)
      for (const tail of this.#tails) tail.seen = fstatSync(tail.fd).size
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Writes everything that is there, the unfinished last lines too, and closes. For containers that have ended. */
  async finish(): Promise<void> {
    while (!this.#closed && this.#turn(true)) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#checkpoint()
    this.close()
  }

  /** Stops reading; the raw files and the checkpoint stay. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const tail of this.#tails) {
      tail.watcher.close()
      closeSync(tail.fd)
    }
    if (this.#logFd !== undefined) closeSync(this.#logFd)
    this.#logFd = undefined
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  /** Resolves when everything that was written up to now has been handed on. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve()
      this.#drained.push(resolve)
      this.#schedule()
    })
  }

  get #checkpointPath(): string {
    return join(this.#rawDir, 'log-checkpoint')
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#closed) return
      if (this.#turn(false)) return this.#schedule()
      for (const resolve of this.#drained.splice(0)) resolve()
    })
  }

  /** Copies up to a turn's share of every stream; true when there may be more. */
  #turn(ended: boolean): boolean {
    try {
      const more = this.#tails.map((tail) => this.#copy(tail, ended))
      this.#failing = false
      return more.includes(true)
    } catch (error) {
      // A full disk: the output waits in the raw file and the next change tries again. Said once, not for each line.
      if (!this.#failing)
        this.#deps.logger.error('Cannot write container log', {
          logPath: this.#logPath,
          err: error,
        })
      this.#failing = true
      this.#deps.clock.setTimer(retryMs, () => this.#schedule())
      return false
    }
  }

  #copy(tail: Tail, ended: boolean): boolean {
    const handed = this.#listeners.size > 0 && this.#handOn(tail)
    const logged = this.#log(tail, ended)
    return handed || logged
  }

  #handOn(tail: Tail): boolean {
    const length = readSync(tail.fd, this.#buffer, 0, this.#buffer.length, tail.seen)
    if (length === 0) return false
    tail.seen += length
    const chunk = Buffer.from(this.#buffer.subarray(0, length))
    for (const listener of this.#listeners) listener(tail.stream, chunk)
    return true
  }

  #log(tail: Tail, ended: boolean): boolean {
    let left = turnBytes
    while (left > 0) {
      const raw = this.#read(tail)
      if (raw.length === 0) return false
      const { lines, consumedBytes } = formatOutput(
        raw,
        tail.stream,
        () => this.#deps.timestamps.now(),
        ended && this.#isLast(tail, raw.length),
      )
      if (consumedBytes === 0) return false
      this.#append(Buffer.concat(lines))
      this.#moved(tail, consumedBytes)
      left -= consumedBytes
    }
    return true
  }

  #read(tail: Tail): Buffer {
    // Larger than the longest line, so that a full buffer always yields a line.
    const length = readSync(tail.fd, this.#buffer, 0, this.#buffer.length, tail.offset)
    return this.#buffer.subarray(0, length)
  }

  #isLast(tail: Tail, length: number): boolean {
    return tail.offset + length >= fstatSync(tail.fd).size
  }

  #moved(tail: Tail, bytes: number): void {
    tail.offset += bytes
    this.#sinceCheckpoint += bytes
    if (this.#sinceCheckpoint >= checkpointEveryBytes) this.#checkpoint()
    if (tail.offset - tail.releasedBytes < releaseEveryBytes) return
    this.#checkpoint()
    // The byte before the offset may be asked for again by a recovery.
    tail.releasedBytes = tail.offset - longestLineBytes
    this.#deps.release(tail.path, tail.releasedBytes)
  }

  #append(bytes: Buffer): void {
    if (this.#logFd === undefined) return
    try {
      let at = 0
      while (at < bytes.length) at += writeSync(this.#logFd, bytes, at)
      this.#logBytes += bytes.length
    } catch (error) {
      // What was written of the batch would be there twice after the next try.
      ftruncateSync(this.#logFd, this.#logBytes)
      throw error
    }
  }

  #openLog(): void {
    if (this.#logPath === undefined) return
    mkdirSync(dirname(this.#logPath), { recursive: true, mode: 0o755 })
    this.#logFd = openSync(this.#logPath, 'a', 0o640)
    this.#logBytes = fstatSync(this.#logFd).size
  }

  #checkpoint(): void {
    this.#sinceCheckpoint = 0
    if (this.#closed || !existsSync(this.#rawDir)) return
    const stat = this.#logFd === undefined ? undefined : fstatSync(this.#logFd, { bigint: true })
    const rawBytes = { stdout: 0, stderr: 0 }
    for (const tail of this.#tails) rawBytes[tail.stream] = tail.offset
    writeCheckpoint(this.#checkpointPath, {
      logInode: stat?.ino.toString() ?? '',
      logBytes: Number(stat?.size ?? 0n),
      rawBytes,
    })
  }

  #recover(
    checkpoint: NonNullable<ReturnType<typeof readCheckpoint>>,
    streams: readonly LogStream[],
    fds: readonly number[],
  ): Record<LogStream, number> {
    const since = this.#logPath === undefined ? undefined : readLogSince(this.#logPath, checkpoint)
    if (!since) return { ...checkpoint.rawBytes }
    if (since.tornBytes > 0) cutEnd(since.path, since.tornBytes)
    const one = Buffer.alloc(1)
    return advanceOffsets(checkpoint, since.entries, (stream, offset) => {
      const fd = fds[streams.indexOf(stream)]
      return fd !== undefined && readSync(fd, one, 0, 1, offset) === 1 ? one[0] : undefined
    })
  }
}

function cutEnd(path: string, bytes: number): void {
  const fd = openSync(path, 'r+')
  ftruncateSync(fd, fstatSync(fd).size - bytes)
  closeSync(fd)
}
