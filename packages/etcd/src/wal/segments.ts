import { join } from 'node:path'
import type { Disk } from './disk.ts'

/** One file of the log; its name holds its place and where the log stood. */
export interface Segment {
  readonly file: string
  readonly sequence: number
  /** The last index that was saved before this segment was begun. */
  readonly lastIndex: number
}

export function segmentName(sequence: number, lastIndex: number): string {
  return `${hex(sequence)}-${hex(lastIndex)}.wal`
}

function hex(value: number): string {
  return value.toString(16).padStart(16, '0')
}

/** In the order in which they were written; none when there is no such directory. */
export function listSegments(directory: string, disk: Disk): Segment[] {
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
