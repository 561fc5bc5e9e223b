/** A binary heap whose items can be found and removed by key. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #position = new Map<string, number>()
  readonly #keyOf: (item: T) => string
  readonly #compare: (a: T, b: T) => number

  constructor(keyOf: (item: T) => string, compare: (a: T, b: T) => number) {
    this.#keyOf = keyOf
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  has(key: string): boolean {
    return this.#position.has(key)
  }

  get(key: string): T | undefined {
    const at = this.#position.get(key)
    return at === undefined ? undefined : this.#items[at]
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  values(): readonly T[] {
    return this.#items
  }

  push(item: T): void {
    this.#items.push(item)
    this.#up(this.#items.length - 1)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.delete(this.#keyOf(first))
    return first
  }

  delete(key: string): T | undefined {
    const at = this.#position.get(key)
    if (at === undefined) return undefined
    const item = this.#items[at]!
    const last = this.#items.pop()!
    this.#position.delete(key)
    if (at < this.#items.length) {
      this.#put(at, last)
      this.#up(at)
      this.#down(this.#position.get(this.#keyOf(last))!)
    }
    return item
  }

  #put(at: number, item: T): void {
    this.#items[at] = item
    this.#position.set(this.#keyOf(item), at)
  }

  #up(from: number): void {
    let at = from
    const item = this.#items[at]!
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#compare(item, this.#items[parent]!) >= 0) break
      this.#put(at, this.#items[parent]!)
      at = parent
    }
    this.#put(at, item)
  }

  #down(from: number): void {
    let at = from
    const item = this.#items[at]!
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#items.length) break
      const right = child + 1
      if (right < this.#items.length && this.#compare(this.#items[right]!, this.#items[child]!) < 0)
        child = right
      if (this.#compare(this.#items[child]!, item) >= 0) break
      this.#put(at, this.#items[child]!)
      at = child
    }
    this.#put(at, item)
  }
}
