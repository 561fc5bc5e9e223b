import { join } from 'node:path'
import type { Disk } from '../wal/disk.ts'

/** Snapshots that are kept besides the newest, as etcd's --max-snapshots keeps five. */
export interface SnapshotDirConfig {
  readonly directory: string
  readonly keepMax: number
  readonly disk: Disk
}

export interface SnapshotName {
  readonly term: number
  readonly index: number
}

/** Snapshots of one member, each in a file named by its place in the log. A file with its final name is complete. */
export class SnapshotDir {
  readonly #config: SnapshotDirConfig

  constructor(config: SnapshotDirConfig) {
    this.#config = config
    const { directory, disk } = config
    disk.makeDirectory(directory)
    // What a crash left half written.
    for (const name of disk.list(directory)) {
      if (name.endsWith('.tmp')) disk.remove(join(directory, name))
    }
  }

  has(name: SnapshotName): boolean {
    return this.#list().some(({ index, term }) => index === name.index && term === name.term)
  }

  path(name: SnapshotName): string {
    return join(this.#config.directory, fileName(name))
  }

  read(name: SnapshotName): Buffer {
    return this.#config.disk.read(this.path(name))
  }

  /** Writes piece after piece with pauses for other work between; the file gets its name when the disk has it all. */
  async write(
    name: SnapshotName,
    pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<number> {
    const temporary = `${this.path(name)}.tmp`
    const { directory, disk } = this.#config
    const file = await disk.create(temporary)
    let bytes = 0
    try {
      for await (const piece of pieces) {
        await file.write(piece)
        bytes += piece.length
      }
      await file.datasync()
    } finally {
      await file.close()
    }
    disk.rename(temporary, this.path(name))
    disk.syncDirectory(directory)
    return bytes
  }

  /** Removes all but the newest. */
  purge(): void {
    const { disk, keepMax } = this.#config
    for (const name of this.#list().slice(0, -keepMax)) disk.remove(this.path(name))
  }

  #list(): SnapshotName[] {
    const { directory, disk } = this.#config
    return disk
      .list(directory)
      .filter((name) => /^[0-9a-f]{16}-[0-9a-f]{16}\.snap$/.test(name))
      .map((name) => ({
        term: Number.parseInt(name.slice(0, 16), 16),
        index: Number.parseInt(name.slice(17, 33), 16),
      }))
      .sort((a, b) => a.index - b.index)
  }
}

function fileName({ term, index }: SnapshotName): string {
  const hex = (value: number): string => value.toString(16).padStart(16, '0')
  return `${hex(term)}-${hex(index)}.snap`
}
