import type { ImageDefinition } from './image.ts'
import { parseReference } from './reference.ts'

/** All images that can be had, by full name with tag. It stands where a registry would. */
export class Catalogue {
  readonly #byName = new Map<string, ImageDefinition>()

  /** Tags by repository, each with its definition. Two tags may share one. */
  constructor(entries: readonly (readonly [name: string, definition: ImageDefinition])[]) {
    for (const [name, definition] of entries) this.#byName.set(name, definition)
  }

  find(name: string): ImageDefinition | undefined {
    return this.#byName.get(name)
  }

  names(): string[] {
    return [...this.#byName.keys()]
  }

  definitions(): ImageDefinition[] {
    return [...new Set(this.#byName.values())]
  }

  tagsOf(repository: string): string[] {
    return this.names()
      .filter((name) => name.startsWith(`${repository}:`))
      .map((name) => name.slice(repository.length + 1))
  }

  /** Short where Docker's are short: `busybox`, `registry.k8s.io/pause`. */
  repositories(): string[] {
    const all = this.names().map((name) => parseReference(name)!.repository)
    return [...new Set(all)].map((name) => name.replace(/^docker\.io\/(library\/)?/, '')).sort()
  }
}
