import type { StoredObject } from './stored-object.ts'

/** Objects by the value of one field: pods by node. Empty values are not indexed. */
export class ObjectIndex {
  readonly #field: string | undefined
  readonly #byValue = new Map<string, Map<string, StoredObject>>()

  constructor(field: string | undefined) {
    this.#field = field
  }

  /** In key order. */
  list(value: string): StoredObject[] {
    const found = [...(this.#byValue.get(value)?.values() ?? [])]
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  change(before: StoredObject | undefined, after: StoredObject | undefined): void {
    if (this.#field === undefined) return
    const oldValue = before?.fields[this.#field] ?? ''
    const newValue = after?.fields[this.#field] ?? ''
    if (before && oldValue !== '' && (oldValue !== newValue || !after)) {
      const group = this.#byValue.get(oldValue)
      group?.delete(before.key)
      if (group?.size === 0) this.#byValue.delete(oldValue)
    }
    if (!after || newValue === '') return
    let group = this.#byValue.get(newValue)
    if (!group) this.#byValue.set(newValue, (group = new Map()))
    group.set(after.key, after)
  }
}
