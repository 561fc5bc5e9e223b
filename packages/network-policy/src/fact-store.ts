import { deepEqual, objectKey } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import type { ReflectorSink } from '@kemu/client'

/** Keeps of each object only what is asked for, and tells when that changed. */
export class FactStore<T extends KubeObject, Facts> implements ReflectorSink<T> {
  readonly #factsOf: (object: T) => Facts | undefined
  readonly #onChange: () => void
  readonly #facts = new Map<string, Facts>()
  #resolveSynced!: () => void
  /** Settles with the first list. */
  readonly synced = new Promise<void>((resolve) => (this.#resolveSynced = resolve))

  /** @param factsOf undefined for an object that counts as none */
  constructor(factsOf: (object: T) => Facts | undefined, onChange: () => void) {
    this.#factsOf = factsOf
    this.#onChange = onChange
  }

  list(): Facts[] {
    return [...this.#facts.values()]
  }

  replace(objects: T[]): void {
    const gone = new Set(this.#facts.keys())
    for (const object of objects) {
      gone.delete(objectKey(object))
      this.upsert(object)
    }
    for (const key of gone) this.#facts.delete(key)
    if (gone.size > 0) this.#onChange()
    this.#resolveSynced()
  }

  upsert(object: T): void {
    const key = objectKey(object)
    const facts = this.#factsOf(object)
    if (deepEqual(facts, this.#facts.get(key))) return
    if (facts === undefined) this.#facts.delete(key)
    else this.#facts.set(key, facts)
    this.#onChange()
  }

  remove(object: T): void {
    if (this.#facts.delete(objectKey(object))) this.#onChange()
  }
}
