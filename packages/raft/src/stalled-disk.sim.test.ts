import { AssertionError, seededRandom } from '@kemu/base'
import type { Random } from '@kemu/base'
import t from 'tap'
import { MemoryStorage } from './log/memory-storage.ts'
import type { DeliberateBug, Ready } from './index.ts'
import { RawNode } from './raw-node.ts'
import { confStateOf } from './types.ts'
import type { Entry, LogIndex, Term } from './types.ts'

const schedules = 300
const eventsPerSchedule = 40

/**
 * Five servers of which two never hear of an entry: they elect `a` and `b` in turn, whose logs differ, and the fifth, `f`,
 * hears both while its disk stalls. What it has in the end must be what the last leader has.
 */
class StalledDisk {
  readonly #random: Random
  readonly #node: RawNode
  readonly #storage = new MemoryStorage(confStateOf(['a', 'b', 'd', 'e', 'f']))
  readonly #logs: Record<'a' | 'b', Entry[]> = { a: [], b: [] }
  readonly #writing: Ready[] = []
  readonly applied: Entry[] = []
  #leader: 'a' | 'b' = 'a'
  #term: Term = 0

  constructor(seed: number, deliberateBug?: DeliberateBug) {
    this.#random = seededRandom(seed)
    this.#node = new RawNode({
      id: 'f',
      storage: this.#storage,
      random: this.#random,
      electionTicks: 10,
      heartbeatTicks: 1,
      ...(deliberateBug && { deliberateBug }),
    })
  }

  run(): void {
    const events = [() => this.#elect(), () => this.#take(), () => this.#finish()]
    for (let i = 0; i < eventsPerSchedule; i++) events[this.#random.int(events.length)]!()
    this.#elect()
    this.#append(this.#leaderLog.length)
    while (this.#node.hasReady() || this.#writing.length > 0) {
      this.#take()
      this.#finish()
    }
  }

  get #leaderLog(): Entry[] {
    return this.#logs[this.#leader]
  }

  get expected(): Term[] {
    return termsOf(this.#leaderLog)
  }

  get onDisk(): Term[] {
    return termsOf(this.#storage.entries(1, this.#storage.lastIndex() + 1, Infinity))
  }

  #elect(): void {
    this.#term += 1
    this.#leader = this.#random.int(2) === 0 ? 'a' : 'b'
    const index = this.#leaderLog.length + 1
    const data = Buffer.from(`${index}/${this.#term}`)
    this.#leaderLog.push({ index, term: this.#term, type: 'normal', data })
    this.#append(0)
  }

  #append(commit: LogIndex): void {
    const entries = [...this.#leaderLog]
    const envelope = { from: this.#leader, to: 'f', term: this.#term }
    this.#node.step({ type: 'append', ...envelope, prevIndex: 0, prevTerm: 0, entries, commit })
  }

  #take(): void {
    if (!this.#node.hasReady()) return
    const ready = this.#node.ready()
    this.#writing.push(ready)
    for (const entry of ready.committedEntries) {
      this.applied.push(entry)
      this.#node.applied(entry.index)
    }
  }

  #finish(): void {
    const ready = this.#writing.shift()
    if (!ready) return
    this.#storage.append(ready.entries)
    if (ready.hardState) this.#storage.setHardState(ready.hardState)
    this.#node.persisted(ready)
  }
}

function termsOf(entries: readonly Entry[]): Term[] {
  return entries.map(({ term }) => term)
}

t.test(
  `a disk that stalls across elections ends with the last leader's log, in ${schedules} schedules`,
  (t) => {
    for (let seed = 1; seed <= schedules; seed++) {
      const disk = new StalledDisk(seed)
      disk.run()
      t.same(disk.onDisk, disk.expected, `on disk, seed ${seed}`)
      t.same(termsOf(disk.applied), disk.expected, `applied, seed ${seed}`)
    }
    t.end()
  },
)

/** Another log, or one that the core itself found impossible. */
function isBroken(disk: StalledDisk): boolean {
  try {
    disk.run()
  } catch (error) {
    if (error instanceof AssertionError) return true
    throw error
  }
  const expected = disk.expected.join()
  return [disk.onDisk, termsOf(disk.applied)].some((terms) => terms.join() !== expected)
}

t.test('the check notices when writes of earlier terms are trusted', (t) => {
  let broken = 0
  for (let seed = 1; seed <= schedules; seed++) {
    if (isBroken(new StalledDisk(seed, 'trusts-writes-of-earlier-terms'))) broken += 1
  }
  t.comment(`${broken} of ${schedules} schedules are broken`)
  t.ok(broken >= 5, 'more than a lucky seed')
  t.end()
})
