import { isInRange } from '../mvcc/key-range.ts'
import { textOf } from './kv-model.ts'
import type { SeenKey, Violation } from './operation.ts'
import { seenOf } from './store-history.ts'
import type { Change, StoreHistory } from './store-history.ts'

export interface WatchEvent extends Change {
  readonly previous: SeenKey | undefined
}

export interface WatchAnswer {
  readonly atMs: number
  /** Of the header. */
  readonly revision: number
  readonly events: readonly WatchEvent[]
  /** More of the same revision follows. */
  readonly isFragment: boolean
}

/** One watch and all that it was told. */
export interface WatchRecord {
  readonly client: string
  readonly key: string
  readonly rangeEnd: string
  /** 0: from now on. */
  readonly startRevision: number
  readonly wantsPrevious: boolean
  readonly noPut: boolean
  readonly noDelete: boolean
  /** The revision that the answer to its creation named; undefined when there was none. */
  createdAt: number | undefined
  readonly answers: WatchAnswer[]
}

type Check = (watch: WatchRecord, view: WatchView) => Violation | undefined

interface WatchView {
  readonly history: StoreHistory
  /** Up to here clients have had the store compacted. */
  readonly compactedUpTo: number
  readonly events: readonly WatchEvent[]
  /** The first revision that it was promised. */
  readonly from: number
  /** Everything up to here it has been told, as far as it was told. */
  readonly upTo: number
  /** What it should have been told from `from` to `upTo`. */
  readonly expected: readonly Change[]
}

/**
 * The nine promises of a watch that etcd's robustness tests check (tests/robustness/validate/watch.go), each against
 * the store's true history.
 */
export function checkWatches(
  history: StoreHistory,
  watches: readonly WatchRecord[],
  compactedUpTo: number,
): Violation[] {
  return watches.flatMap((watch) => {
    if (watch.createdAt === undefined) return []
    const view = viewOf(watch, history, compactedUpTo)
    return Object.values(checks).flatMap((check) => check(watch, view) ?? [])
  })
}

const checks: Readonly<Record<string, Check>> = {
  ordered(watch, { events }) {
    const at = events.findIndex(
      (event, i) => i > 0 && event.modRevision < events[i - 1]!.modRevision,
    )
    return at < 0
      ? undefined
      : broken('Ordered', watch, `${brief(events[at])} came after ${brief(events[at - 1])}`)
  },

  unique(watch, { events }) {
    const seen = new Set<string>()
    for (const event of events) {
      const id = `${event.modRevision} ${event.key}`
      if (seen.has(id)) return broken('Unique', watch, `${brief(event)} came twice`)
      seen.add(id)
    }
    return undefined
  },

  atomic(watch) {
    let last: WatchAnswer | undefined
    for (const answer of watch.answers) {
      const first = answer.events[0]
      if (!first) continue
      const before = last?.events.at(-1)
      if (before && !last!.isFragment && before.modRevision === first.modRevision) {
        return broken('Atomic', watch, `revision ${first.modRevision} came in two answers`)
      }
      last = answer
    }
    return undefined
  },

  reliable(watch, { events, expected }) {
    const first = events[0]?.modRevision ?? Infinity
    const last = events.at(-1)?.modRevision ?? 0
    const between = expected.filter(({ modRevision }) => modRevision > first && modRevision <= last)
    const missing = firstMissing(between, events)
    return missing && broken('Reliable', watch, `${brief(missing)} is missing`)
  },

  resumable(watch, { events, expected, from }) {
    const early = events.find(({ modRevision }) => modRevision < from)
    if (early) return broken('Resumable', watch, `${brief(early)} is from before revision ${from}`)
    const first = events[0]?.modRevision
    if (first === undefined) return undefined
    const missing = firstMissing(
      expected.filter(({ modRevision }) => modRevision <= first),
      events,
    )
    return missing && broken('Resumable', watch, `${brief(missing)} is missing at its beginning`)
  },

  bookmarkable(watch, { history }) {
    let told = 0
    const seen: WatchEvent[] = []
    for (const { revision, events } of watch.answers) {
      const late = events.find(({ modRevision }) => modRevision <= told)
      if (late) return broken('Bookmarkable', watch, `${brief(late)} came after progress ${told}`)
      seen.push(...events)
      if (events.length > 0) continue
      const missing = firstMissing(expectedOf(watch, history, startOf(watch), revision), seen)
      if (missing) {
        return broken('Bookmarkable', watch, `progress ${revision} came before ${brief(missing)}`)
      }
      told = Math.max(told, revision)
    }
    return undefined
  },

  filter(watch, { events }) {
    const wrong = events.find((event) => !isWanted(watch, event))
    return wrong && broken('Filter', watch, `${brief(wrong)} was not asked for`)
  },

  previous(watch, { events, history, compactedUpTo }) {
    for (const event of events) {
      const before = history.stateAt(event.modRevision - 1).keys.get(event.key)
      if (!watch.wantsPrevious && !event.previous) continue
      if (textOf(event.previous) === textOf(before)) continue
      // What was before may have been compacted meanwhile.
      if (!event.previous && event.modRevision <= compactedUpTo) continue
      const text = `${brief(event)} came with ${textOf(event.previous)} as previous, it was ${textOf(before)}`
      return broken('PrevKV', watch, text)
    }
    return undefined
  },

  isCreate(watch, { events, history }) {
    for (const event of events) {
      if (event.isDeletion) continue
      const isNew = !history.stateAt(event.modRevision - 1).keys.has(event.key)
      const saysNew = event.createRevision === event.modRevision
      if (isNew !== saysNew || isNew !== (event.version === 1)) {
        return broken('IsCreate', watch, `${brief(event)} says ${saysNew}, it is ${isNew}`)
      }
    }
    return undefined
  },

  truthful(watch, { events, history }) {
    const wrong = events.find((event) => {
      const text = textOf({ ...seenOf(event), isDeletion: event.isDeletion })
      return !history.changesAt(event.modRevision).some((change) => textOf(change) === text)
    })
    return wrong && broken('Reliable', watch, `${brief(wrong)} never happened so`)
  },
}

function viewOf(watch: WatchRecord, history: StoreHistory, compactedUpTo: number): WatchView {
  const events = watch.answers.flatMap((answer) => answer.events)
  const from = startOf(watch)
  const upTo = events.at(-1)?.modRevision ?? 0
  const expected = expectedOf(watch, history, from, upTo)
  return { history, compactedUpTo, events, from, upTo, expected }
}

function startOf({ startRevision, createdAt }: WatchRecord): number {
  return startRevision > 0 ? startRevision : createdAt! + 1
}

function expectedOf(
  watch: WatchRecord,
  history: StoreHistory,
  from: number,
  upTo: number,
): Change[] {
  const expected: Change[] = []
  for (let revision = Math.max(2, from); revision <= Math.min(upTo, history.last); revision++) {
    expected.push(...history.changesAt(revision).filter((change) => isWanted(watch, change)))
  }
  return expected
}

function isWanted({ key, rangeEnd, noPut, noDelete }: WatchRecord, change: Change): boolean {
  if (change.isDeletion ? noDelete : noPut) return false
  return isInRange(change.key, key, rangeEnd)
}

function firstMissing(
  expected: readonly Change[],
  events: readonly WatchEvent[],
): Change | undefined {
  const seen = new Set(events.map(({ modRevision, key }) => `${modRevision} ${key}`))
  return expected.find(({ modRevision, key }) => !seen.has(`${modRevision} ${key}`))
}

function brief(change: Change | undefined): string {
  if (!change) return 'nothing'
  const { key, value, modRevision, isDeletion } = change
  return isDeletion ? `the end of ${key}@${modRevision}` : `${key}=${value}@${modRevision}`
}

function broken(property: string, watch: WatchRecord, detail: string): Violation {
  const { client, key, rangeEnd, startRevision } = watch
  const range = rangeEnd === '' ? key : `[${key}, ${rangeEnd === '\0' ? '' : rangeEnd})`
  return {
    property: `Watch: ${property}`,
    detail: `${client}'s watch of ${range} from ${startRevision}: ${detail}`,
  }
}
