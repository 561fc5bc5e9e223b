import { write, writeSync } from 'node:fs'

export type DiskDone = (error: NodeJS.ErrnoException | null) => void

/** How the log reaches its file, which is open with O_DSYNC: what was written is on disk. Tests put faults between. */
export interface Disk {
  write(fd: number, bytes: Buffer, position: number, done: DiskDone): void
  /** Blocks until it is done. Throws the disk's error. */
  writeNow(fd: number, bytes: Buffer, position: number): void
}

export const systemDisk: Disk = {
  write: writeAll,
  writeNow(fd, bytes, position) {
    for (let from = 0; from < bytes.length;) {
      from += writeSync(fd, bytes, from, bytes.length - from, position + from)
    }
  },
}

function writeAll(fd: number, bytes: Buffer, position: number, done: DiskDone, from = 0): void {
  write(fd, bytes, from, bytes.length - from, position + from, (error, written) => {
    if (error) return done(error)
    const next = from + written
    if (next < bytes.length) return writeAll(fd, bytes, position, done, next)
    done(null)
  })
}
