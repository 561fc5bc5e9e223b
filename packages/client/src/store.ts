import { objectKey } from '@kemu/api'
import type { KubeObject } from '@kemu/api'

/** The values under which an object is found by an index, for example its node's name. */
export type IndexFunction<T> = (object: T) => readonly string[]

/** What readers of a cache may do. Objects are shared and frozen: copy before changing one. */
export interface Lister<T extends KubeObject> {
  get(key: string): T | undefined
  list(): T[]
  /** The objects of one namespace. */
  inNamespace(namespace: string): T[]
  /** The objects that the named index files under the value. */
  byIndex(index: string, value: string): T[]
  readonly size: number
}

const namespaceIndex = 'namespace'

/** The objects of one resource by key, with indexes that are kept as objects change. */
export class Store<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>()
  readonly #functions = new Map<string, IndexFunction<T>>()
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>()

  constructor() {
    this.addIndex(namespaceIndex, (object) => [object.metadata.namespace ?? ''])
  }

  get size(): number {
    return this.#objects.size
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    if (this.#functions.has(name)) return
    this.#functions.set(name, values)
    this.#indexes.set(name, new Map())
    for (const [key, object] of this.#objects) this.#file(name, key, object)
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  keys(): string[] {
    return [...this.#objects.keys()]
  }

  inNamespace(namespace: string): T[] {
    return this.byIndex(namespaceIndex, namespace)
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indexes.get(index)
    if (!values) throw new Error(`store has no index ${index}`)
    return [...(values.get(value)?.values() ?? [])]
  }

  /** Puts the object in place of the one with its key, which is returned. */
  set(object: T): T | undefined {
    const key = objectKey(object)
    const old = this.#objects.get(key)
    if (old) this.#unfile(key, old)
    this.#objects.set(key, object)
    for (const name of this.#functions.keys()) this.#file(name, key, object)
    return old
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key)
    if (!old) return undefined
    this.#unfile(key, old)
    this.#objects.delete(key)
    return old
  }

  #file(index: string, key: string, object: T): void {
    const values = this.#indexes.get(index)!
    for (const value of this.#functions.get(index)!(object)) {
      let bucket = values.get(value)
      if (!bucket) values.set(value, (bucket = new Map()))
      bucket.set(key, object)
    }
  }

  #unfile(key: string, object: T): void {
    for (const [index, valuesOf] of this.#functions) {
      const values = this.#indexes.get(index)!
      for (const value of valuesOf(object)) {
        const bucket = values.get(value)
        bucket?.delete(key)
        if (bucket?.size === 0) values.delete(value)
      }
    }
  }
}
