import type { Clock } from '@kemu/base'

export type Value =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'list'; readonly items: string[] }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'set'; readonly members: Set<string> }

export type ValueOf<Type extends Value['type']> = Extract<Value, { type: Type }>

/** A command on a key that holds something else. */
export class WrongType extends Error {
  override name = 'WrongType'

  constructor() {
    super('WRONGTYPE Operation against a key holding the wrong kind of value')
  }
}

interface Entry {
  readonly value: Value
  /** Wall time in milliseconds. */
  expiresAtMs: number | undefined
}

/** The keys of the one database; a key that has expired is gone when it is looked at. */
export class Database {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get<Type extends Value['type']>(key: string, type: Type): ValueOf<Type> | undefined {
    const value = this.#live(key)?.value
    if (value === undefined) return undefined
    if (value.type !== type) throw new WrongType()
    return value as ValueOf<Type>
  }

  /** The value, made empty when there is none. */
  make<Type extends Value['type']>(key: string, type: Type, empty: ValueOf<Type>): ValueOf<Type> {
    const there = this.get(key, type)
    if (there) return there
    this.#entries.set(key, { value: empty, expiresAtMs: undefined })
    return empty
  }

  set(key: string, text: string, expiresAtMs: number | undefined): void {
    this.#entries.set(key, { value: { type: 'string', text }, expiresAtMs })
  }

  typeOf(key: string): Value['type'] | undefined {
    return this.#live(key)?.value.type
  }

  has(key: string): boolean {
    return this.#live(key) !== undefined
  }

  delete(key: string): boolean {
    return this.has(key) && this.#entries.delete(key)
  }

  /** An empty list, hash or set does not exist. */
  deleteIfEmpty(key: string): void {
    const value = this.#live(key)?.value
    const size =
      value?.type === 'list'
        ? value.items.length
        : value?.type === 'hash'
          ? value.fields.size
          : value?.type === 'set'
            ? value.members.size
            : 1
    if (size === 0) this.#entries.delete(key)
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.has(key))
  }

  clear(): void {
    this.#entries.clear()
  }

  /** False when there is no such key. */
  expireAt(key: string, atMs: number | undefined): boolean {
    const entry = this.#live(key)
    if (!entry) return false
    entry.expiresAtMs = atMs
    return true
  }

  /** Redis' numbers: -2 without the key, -1 without an end. */
  leftMs(key: string): number {
    const entry = this.#live(key)
    if (!entry) return -2
    return entry.expiresAtMs === undefined ? -1 : entry.expiresAtMs - this.#clock.now()
  }

  now(): number {
    return this.#clock.now()
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry?.expiresAtMs === undefined || entry.expiresAtMs > this.#clock.now()) return entry
    this.#entries.delete(key)
    return undefined
  }
}
