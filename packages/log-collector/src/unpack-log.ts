import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdtempSync,
  openSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

/** A compressed log as an open file that has no name; whoever closes it frees its space. */
export async function unpackLog(path: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  const fd = openSync(join(folder, 'copy'), 'wx+', 0o600)
  rmSync(folder, { recursive: true })
  try {
    const out = createWriteStream('', { fd, autoClose: false })
    await pipeline(createReadStream(path), createGunzip(), out)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
