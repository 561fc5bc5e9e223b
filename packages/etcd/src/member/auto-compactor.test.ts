import { silentLogger } from '@kemu/base'
import type { Clock } from '@kemu/base'
import t from 'tap'
import type { AutoCompaction } from '../config.ts'
import { AutoCompactor } from './auto-compactor.ts'

class Bench {
  revision = 1
  isLeader = true
  periodMs = 0
  readonly compacted: number[] = []
  #fire = (): void => {}

  constructor(mode: AutoCompaction) {
    const clock: Clock = {
      now: () => 0,
      monotonicMs: () => 0,
      setTimer: () => ({ cancel: () => {} }),
      setPeriodic: (periodMs, fire) => {
        this.periodMs = periodMs
        this.#fire = fire
        return { cancel: () => {} }
      },
    }
    void new AutoCompactor({
      clock,
      logger: silentLogger,
      mode,
      isLeader: () => this.isLeader,
      revision: () => this.revision,
      compact: (revision) => Promise.resolve(this.compacted.push(revision)),
    })
  }

  /** Lets `count` periods pass with `writes` in each. */
  pass(count: number, writes: number): void {
    for (let i = 0; i < count; i++) {
      this.revision += writes
      this.#fire()
    }
  }
}

t.test('a period of ten minutes: everything older goes, every ten minutes', (t) => {
  const bench = new Bench({ mode: 'periodic', retentionMs: 600_000 })
  t.equal(bench.periodMs, 60_000)
  bench.pass(9, 100)
  t.same(bench.compacted, [])
  bench.pass(1, 100)
  t.same(bench.compacted, [101], 'the revision of ten notes ago')
  bench.pass(10, 100)
  t.same(bench.compacted, [101, 1101])
  t.end()
})

t.test('a long period is compacted every hour', (t) => {
  const bench = new Bench({ mode: 'periodic', retentionMs: 24 * 3_600_000 })
  t.equal(bench.periodMs, 360_000)
  bench.pass(239, 1)
  t.same(bench.compacted, [])
  bench.pass(1, 1)
  t.same(bench.compacted, [2])
  bench.pass(10, 1)
  t.same(bench.compacted, [2, 12])
  t.end()
})

t.test('by revisions: the newest stay, and nothing is compacted twice', (t) => {
  const bench = new Bench({ mode: 'revision', retention: 1000 })
  bench.pass(1, 500)
  t.same(bench.compacted, [])
  bench.pass(1, 5000)
  t.same(bench.compacted, [4501])
  bench.pass(3, 0)
  t.same(bench.compacted, [4501])
  t.end()
})

t.test('only a leader compacts', (t) => {
  const bench = new Bench({ mode: 'revision', retention: 10 })
  bench.isLeader = false
  bench.pass(2, 100)
  t.same(bench.compacted, [])
  bench.isLeader = true
  bench.pass(1, 100)
  t.same(bench.compacted, [291])
  t.end()
})
