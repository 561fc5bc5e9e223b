import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '@kemu/base'

/** Directories of deleted records until they are removed. */
const gone = 'gone-'

/**
 * Records as files: `<dir>/<id>/<name>`, a line for each state that was saved. The last whole one counts, so that a
 * killed runtime leaves the state before or after and nothing between. Lines are appended because that is one write,
 * where a new file in the place of the old one is five operations on the directory that wait for the disk's journal.
 */
export class RecordFiles<Record extends { readonly id: string }> {
  readonly #dir: string
  readonly #name: string
  readonly #logger: Logger
  readonly #removeTree: (dir: string) => void

  /** `removeTree` may take its time; what a crash leaves of it is removed at the next start. */
  constructor(dir: string, name: string, logger: Logger, removeTree: (dir: string) => void) {
    this.#dir = dir
    this.#name = name
    this.#logger = logger
    this.#removeTree = removeTree
    mkdirSync(dir, { recursive: true, mode: 0o711 })
  }

  /** The directory of one record; the handler keeps its own things beside the record. */
  dirOf(id: string): string {
    return join(this.#dir, id)
  }

  /** Makes the directory. Until the first `save` it is garbage for the next start. */
  create({ id }: Record): void {
    mkdirSync(this.dirOf(id), { mode: 0o711 })
  }

  save(record: Record): void {
    // The end of line before it ends what a killed runtime left half written.
    const line = `\n${JSON.stringify(record)}\n`
    appendFileSync(join(this.dirOf(record.id), this.#name), line, { mode: 0o600 })
  }

  /** In one step, as the next start sees it. */
  delete(id: string): void {
    const dir = join(this.#dir, `${gone}${id}`)
    renameSync(this.dirOf(id), dir)
    this.#removeTree(dir)
  }

  /** All records; directories without one are removed. */
  load(): Record[] {
    return readdirSync(this.#dir).flatMap((id) => {
      const record = id.startsWith(gone) ? undefined : this.#read(id)
      if (!record) this.#deleteGarbage(id)
      return record ? [record] : []
    })
  }

  #read(id: string): Record | undefined {
    const lines = this.#lines(id)
    for (const line of lines.reverse()) {
      try {
        return JSON.parse(line, reviveBuffer) as Record
      } catch (error) {
        this.#logger.error('Unreadable state of a record is passed over', { id, err: error })
      }
    }
    return undefined
  }

  #lines(id: string): string[] {
    try {
      const text = readFileSync(join(this.#dir, id, this.#name), 'utf8')
      return text.split('\n').filter((line) => line !== '')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return []
    }
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
