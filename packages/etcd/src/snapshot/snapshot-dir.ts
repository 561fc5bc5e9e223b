import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../wal/wal.ts'

/** Snapshots that are kept besides the newest, as etcd's --max-snapshots keeps five. */
export interface SnapshotDirConfig {
  readonly directory: string
  readonly keepMax: number
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
    mkdirSync(config.directory, { recursive: true, mode: 0o700 })
    // What a crash left half written.
    for (const name of readdirSync(config.directory)) {
      if (name.endsWith('.tmp')) rmSync(join(config.directory, name))
    }
  }

  has(name: SnapshotName): boolean {
    return this.#list().some(({ index, term }) => index === name.index && term === name.term)
  }

  path(name: SnapshotName): string {
    return join(this.#config.directory, fileName(name))
  }

  read(name: SnapshotName): Buffer {
    return readFileSync(this.path(name))
  }

  /** Writes piece after piece with pauses for other work between; the file gets its name when the disk has it all. */
  async write(
    name: SnapshotName,
    pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<number> {
    const temporary = `${this.path(name)}.tmp`
    const file = await open(temporary, 'w', 0o600)
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
    renameSync(temporary, this.path(name))
    syncDirectory(this.#config.directory)
    return bytes
  }

  /** Removes all but the newest. */
  purge(): void {
    for (const name of this.#list().slice(0, -this.#config.keepMax)) rmSync(this.path(name))
  }

  #list(): SnapshotName[] {
    return readdirSync(this.#config.directory)
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
