import { RpcError, status } from '@kemu/rpc'
import type { RecordFiles } from './record-file.ts'

interface Named {
  readonly id: string
}

/**
 * The records in memory, by id and by reserved name, with their files behind. Ids may be given short, as people do with
 * crictl: any unique beginning finds its record.
 */
export class Store<Record extends Named> {
  readonly #files: RecordFiles<Record>
  readonly #nameOf: (record: Record) => string
  readonly #records = new Map<string, Record>()
  readonly #names = new Map<string, string>()

  constructor(files: RecordFiles<Record>, nameOf: (record: Record) => string) {
    this.#files = files
    this.#nameOf = nameOf
    for (const record of files.load()) this.#index(record)
  }

  /**
   * A name is taken until its record is deleted: two creations of one thing cannot both succeed. A restart knows
   * nothing of it before it is saved.
   */
  create(record: Record): void {
    const name = this.#nameOf(record)
    const holder = this.#names.get(name)
    if (holder !== undefined) {
      throw new RpcError(
        status.UNKNOWN,
        `name ${JSON.stringify(name)} is reserved for ${JSON.stringify(holder)}`,
      )
    }
    this.#index(record)
    try {
      this.#files.create(record)
    } catch (error) {
      this.#forget(record)
      throw error
    }
  }

  save(record: Record): void {
    this.#files.save(record)
  }

  delete(record: Record): void {
    this.#files.delete(record.id)
    this.#forget(record)
  }

  find(id: string): Record | undefined {
    const exact = this.#records.get(id)
    if (exact || id === '') return exact
    const matches = [...this.#records.keys()].filter((key) => key.startsWith(id))
    return matches.length === 1 ? this.#records.get(matches[0]!) : undefined
  }

  all(): Record[] {
    return [...this.#records.values()]
  }

  #index(record: Record): void {
    this.#records.set(record.id, record)
    this.#names.set(this.#nameOf(record), record.id)
  }

  #forget(record: Record): void {
    this.#records.delete(record.id)
    this.#names.delete(this.#nameOf(record))
  }
}
