import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@kemu/base'

/**
 * Records as files: `<dir>/<id>/<name>`, written whole to a temporary file that then takes the old one's place, so that
 * a killed runtime leaves the old or the new record and nothing between. The old one goes before: a rename over a file
 * makes ext4 write the new one to the disk at once, which is not wanted here (containers end with their machine).
 */
export class RecordFiles<Record extends { readonly id: string }> {
  readonly #dir: string
  readonly #name: string
  readonly #logger: Logger

  constructor(dir: string, name: string, logger: Logger) {
    this.#dir = dir
    this.#name = name
    this.#logger = logger
    mkdirSync(dir, { recursive: true, mode: 0o711 })
  }

  /** The directory of one record; the handler keeps its own things beside the record. */
  dirOf(id: string): string {
    return join(this.#dir, id)
  }

  create(record: Record): void {
    mkdirSync(this.dirOf(record.id), { mode: 0o711 })
    this.save(record)
  }

  save(record: Record): void {
    const path = join(this.dirOf(record.id), this.#name)
    writeFileSync(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 })
    rmSync(path, { force: true })
    renameSync(`${path}.tmp`, path)
  }

  /** The record goes first: what a crash leaves without a record is garbage for the next start. */
  async delete(id: string): Promise<void> {
    const path = join(this.dirOf(id), this.#name)
    for (const file of [`${path}.tmp`, path]) rmSync(file, { force: true })
    await rm(this.dirOf(id), { recursive: true, force: true })
  }

  /** All records; directories without one are removed. */
  load(): Record[] {
    return readdirSync(this.#dir).flatMap((id) => {
      const record = this.#read(id)
      if (!record) this.#deleteGarbage(id)
      return record ? [record] : []
    })
  }

  /** Without the old record the new one is whole: it only missed its name. */
  #read(id: string): Record | undefined {
    for (const file of [this.#name, `${this.#name}.tmp`]) {
      try {
        const text = readFileSync(join(this.#dir, id, file), 'utf8')
        return JSON.parse(text, reviveBuffer) as Record
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
        this.#logger.error('Unreadable record is dropped', { id, file, err: error })
        return undefined
      }
    }
    return undefined
  }

  #deleteGarbage(id: string): void {
    this.#logger.info('Removing what a crash left', { id })
    rmSync(join(this.#dir, id), { recursive: true, force: true })
  }
}

/** Buffers (environment values) are written by their own toJSON. */
function reviveBuffer(_key: string, value: unknown): unknown {
  const isBuffer =
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
  return isBuffer && 'data' in value ? Buffer.from(value.data as number[]) : value
}
