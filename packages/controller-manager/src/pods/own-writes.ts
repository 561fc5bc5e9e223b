import type { KubeObject } from '@kemu/api'

/** Remembers what a controller wrote until its cache has it: a pass must not decide from an older state. */
export class OwnWrites<T extends KubeObject> {
  readonly #written = new Map<string, T>()

  set(key: string, object: T): void {
    this.#written.set(key, object)
  }

  /** Of the cached object and of the one that was written, the newer. */
  newest(key: string, cached: T | undefined): T | undefined {
    const written = this.#written.get(key)
    const isAhead =
      cached !== undefined &&
      written?.metadata.uid === cached.metadata.uid &&
      Number(written.metadata.resourceVersion) > Number(cached.metadata.resourceVersion)
    if (isAhead) return written
    this.#written.delete(key)
    return cached
  }
}
