import {
  closeSync,
  constants,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  write,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'

export type DiskDone = (error: NodeJS.ErrnoException | null) => void

/**
 * Files as a member keeps them: the log in files whose writes are on disk when they are done, snapshots in files that
 * are written first and named afterwards. All errors are Node's. Tests put faults between, and simulations a disk of
 * their own that loses what was not synced.
 */
export interface Disk {
  /** With its parents, for its owner only, all on disk when it returns; nothing happens when it is there. */
  makeDirectory(path: string): void
  list(directory: string): string[]
  read(file: string): Buffer
  rename(from: string, to: string): void
  remove(file: string): void
  truncate(file: string, bytes: number): void
  /** What was made, renamed and removed in the directory until now stays so. */
  syncDirectory(directory: string): void
  syncDirectoryLater(directory: string, done: DiskDone): void
  /** A file of the log, made when it is not there; what was written to it is on disk (O_DSYNC). */
  openLog(file: string): number
  truncateOpen(fd: number, bytes: number): void
  write(fd: number, bytes: Buffer, position: number, done: DiskDone): void
  /** Blocks until it is done. */
  writeNow(fd: number, bytes: Buffer, position: number): void
  /** Data and length are on disk. */
  syncData(fd: number): void
  close(fd: number): void
  /** An empty file to be written from front to back. */
  create(file: string): Promise<NewFile>
}

/** Not on disk before `datasync` is done. */
export interface NewFile {
  write(bytes: Buffer): Promise<unknown>
  datasync(): Promise<void>
  close(): Promise<void>
}

export const systemDisk: Disk = {
  makeDirectory(path) {
    const first = mkdirSync(path, { recursive: true, mode: 0o700 })
    // A name is on disk when the directory is that holds it.
    if (first === undefined) return
    for (let at = path; at.length >= first.length; at = dirname(at)) {
      systemDisk.syncDirectory(dirname(at))
    }
  },
  list: (directory) => readdirSync(directory),
  read: (file) => readFileSync(file),
  rename: renameSync,
  remove: (file) => rmSync(file),
  truncate: truncateSync,
  syncDirectory(directory) {
    const fd = openSync(directory, constants.O_RDONLY)
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  },
  syncDirectoryLater(directory, done) {
    const fd = openSync(directory, constants.O_RDONLY)
    fsync(fd, (error) => {
      closeSync(fd)
      done(error)
    })
  },
  openLog: (file) =>
    openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600),
  truncateOpen: ftruncateSync,
  write: writeAll,
  writeNow(fd, bytes, position) {
    for (let from = 0; from < bytes.length;) {
      from += writeSync(fd, bytes, from, bytes.length - from, position + from)
    }
  },
  syncData: fdatasyncSync,
  close: closeSync,
  create: (file) => open(file, 'w', 0o600),
}

function writeAll(fd: number, bytes: Buffer, position: number, done: DiskDone, from = 0): void {
  write(fd, bytes, from, bytes.length - from, position + from, (error, written) => {
    if (error) return done(error)
    const next = from + written
    if (next < bytes.length) return writeAll(fd, bytes, position, done, next)
    done(null)
  })
}
