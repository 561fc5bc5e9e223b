import type { PathElement } from './path-element.ts'
import { compareElements } from './path-element.ts'

type FieldsJson = { [element: string]: FieldsJson }

/** A set of paths, as a tree. A path may be a member and have longer ones below it. */
export class FieldSet {
  readonly #members = new Set<PathElement>()
  readonly #children = new Map<PathElement, FieldSet>()

  /** What FieldsV1 holds: `{"f:metadata":{"f:labels":{".":{},"f:app":{}}}}`. */
  static parse(fields: unknown): FieldSet {
    const set = new FieldSet()
    for (const [element, below] of Object.entries((fields ?? {}) as FieldsJson)) {
      if (element === '.') continue
      const keys = Object.keys(below)
      if (keys.length === 0 || keys.includes('.')) set.#members.add(element)
      const child = FieldSet.parse(below)
      if (!child.empty) set.#children.set(element, child)
    }
    return set
  }

  static of(...paths: readonly (readonly PathElement[])[]): FieldSet {
    const set = new FieldSet()
    for (const path of paths) set.insert(path)
    return set
  }

  get empty(): boolean {
    return this.#members.size === 0 && this.#children.size === 0
  }

  insert(path: readonly PathElement[]): void {
    const [first, ...rest] = path
    if (first === undefined) return
    if (rest.length === 0) {
      this.#members.add(first)
      return
    }
    const child = this.#children.get(first) ?? new FieldSet()
    this.#children.set(first, child)
    child.insert(rest)
  }

  has(element: PathElement): boolean {
    return this.#members.has(element)
  }

  /** What lies below that element; undefined when nothing does. */
  below(element: PathElement): FieldSet | undefined {
    return this.#children.get(element)
  }

  union(other: FieldSet): FieldSet {
    const result = this.#copyWith((member) => member || undefined)
    for (const member of other.#members) result.#members.add(member)
    for (const [element, child] of other.#children) {
      const own = this.#children.get(element)
      result.#children.set(element, own ? own.union(child) : child)
    }
    return result
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet()
    for (const member of this.#members) if (other.#members.has(member)) result.#members.add(member)
    for (const [element, child] of this.#children) {
      const theirs = other.#children.get(element)
      if (theirs) result.#keep(element, child.intersection(theirs))
    }
    return result
  }

  /** Without the other's paths; what lies below one of them stays. */
  difference(other: FieldSet): FieldSet {
    const result = this.#copyWith((member) => (other.#members.has(member) ? undefined : member))
    for (const [element, child] of this.#children) {
      const theirs = other.#children.get(element)
      if (!theirs) continue
      result.#children.delete(element)
      result.#keep(element, child.difference(theirs))
    }
    return result
  }

  /** Without the other's paths and all that lies below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    const result = this.difference(other)
    for (const member of other.#members) result.#children.delete(member)
    for (const [element, child] of result.#children) {
      const theirs = other.#children.get(element)
      if (!theirs) continue
      const rest = child.recursiveDifference(theirs)
      if (rest.empty) result.#children.delete(element)
      else result.#children.set(element, rest)
    }
    return result
  }

  /** Every path, members before what lies below. */
  *paths(prefix: readonly PathElement[] = []): Generator<readonly PathElement[]> {
    for (const member of [...this.#members].sort(compareElements)) yield [...prefix, member]
    for (const element of [...this.#children.keys()].sort(compareElements))
      yield* this.#children.get(element)!.paths([...prefix, element])
  }

  toJSON(): FieldsJson {
    const elements = [...new Set([...this.#members, ...this.#children.keys()])]
    return Object.fromEntries(
      elements.sort(compareElements).map((element) => {
        const child = this.#children.get(element)?.toJSON() ?? {}
        const isBoth = this.#members.has(element) && this.#children.has(element)
        return [element, isBoth ? { '.': {}, ...child } : child]
      }),
    )
  }

  #copyWith(keep: (member: PathElement) => PathElement | undefined): FieldSet {
    const copy = new FieldSet()
    for (const member of this.#members) if (keep(member) !== undefined) copy.#members.add(member)
    for (const [element, child] of this.#children) copy.#children.set(element, child)
    return copy
  }

  #keep(element: PathElement, child: FieldSet): void {
    if (!child.empty) this.#children.set(element, child)
  }
}
