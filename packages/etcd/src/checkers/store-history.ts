import { emptyKv, textOf } from './kv-model.ts'
import type { KvState } from './kv-model.ts'
import type { SeenKey, Violation } from './operation.ts'

/** One key as one revision left it. */
export interface Change extends SeenKey {
  readonly isDeletion: boolean
}

/** The fields of a key in their order. */
export function seenOf(kv: SeenKey): SeenKey {
  const { key, value, createRevision, modRevision, version, lease } = kv
  return { key, value, createRevision, modRevision, version, lease }
}

export function changeOf(kv: SeenKey): Change {
  return { ...seenOf(kv), isDeletion: kv.version === 0 }
}

/** What every revision changed, put together from whoever saw it; all must have seen the same. */
export class StoreHistory {
  readonly #changes = new Map<number, readonly Change[]>()
  readonly #texts = new Map<number, string>()
  readonly #states: KvState[] = [emptyKv, emptyKv]
  #last = 1

  /** The highest revision up to which every one is known. */
  get last(): number {
    return this.#last
  }

  /** The changes of one revision as somebody saw them. */
  record(who: string, revision: number, changes: readonly Change[]): Violation | undefined {
    const text = textOf(changes)
    const known = this.#texts.get(revision)
    if (known === text) return undefined
    if (known !== undefined) {
      const detail = `${who} has revision ${revision} as ${text}, others as ${known}`
      return { property: 'State Machine Safety', detail }
    }
    this.#texts.set(revision, text)
    this.#changes.set(revision, changes)
    while (this.#changes.has(this.#last + 1)) this.#last += 1
    return undefined
  }

  changesAt(revision: number): readonly Change[] {
    return this.#changes.get(revision) ?? []
  }

  /** Revisions that nobody saw, though later ones were seen. */
  gaps(): number[] {
    const gaps: number[] = []
    const top = Math.max(1, ...this.#changes.keys())
    for (let revision = this.#last + 1; revision < top; revision++) {
      if (!this.#changes.has(revision)) gaps.push(revision)
    }
    return gaps
  }

  /** The store as it was at a revision up to `last`. */
  stateAt(revision: number): KvState {
    for (let at = this.#states.length; at <= revision; at++) {
      this.#states.push(after(this.#states[at - 1]!, at, this.changesAt(at)))
    }
    return this.#states[revision]!
  }
}

function after(before: KvState, revision: number, changes: readonly Change[]): KvState {
  const keys = new Map(before.keys)
  for (const { isDeletion, ...seen } of changes) {
    if (isDeletion) keys.delete(seen.key)
    else keys.set(seen.key, seen)
  }
  return { revision, keys }
}
