import type { Revision, Version } from './version.ts'

/** Every change since the last compaction, in order: what watches resume from. */
export class EventLog {
  #changes: Version[] = []

  get length(): number {
    return this.#changes.length
  }

  append(changes: readonly Version[]): void {
    for (const change of changes) this.#changes.push(change)
  }

  /** The position of the first change at or after a revision. */
  indexOf(revision: Revision): number {
    let low = 0
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#changes[middle]!.modRevision < revision) low = middle + 1
      else high = middle
    }
    return low
  }

  at(index: number): Version | undefined {
    return this.#changes[index]
  }

  upTo(revision: Revision): readonly Version[] {
    return this.#changes.slice(0, this.indexOf(revision + 1))
  }

  compact(revision: Revision): void {
    this.#changes = this.#changes.slice(this.indexOf(revision))
  }
}
