import { execFileSync } from 'node:child_process'
import { constants, openSync, rmSync } from 'node:fs'

/**
 * Makes the FIFO whose writing end only this process holds. Everything that belongs to the host opens it for reading
 * and
 * ends at its end of file, so that a host that dies, however it dies, takes its processes with it. The descriptor stays
 * open for the life of the process on purpose.
 */
export function openLifeline(path: string): void {
  rmSync(path, { force: true })
  execFileSync('mkfifo', ['-m', '600', path])
  // O_RDWR: opening a FIFO for writing alone would wait for a reader.
  openSync(path, constants.O_RDWR)
}
