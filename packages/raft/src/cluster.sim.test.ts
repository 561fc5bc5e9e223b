import t from 'tap'
import { runSchedule } from './testing/index.ts'
import type { Climate, HostBug } from './testing/index.ts'
import type { DeliberateBug } from './index.ts'

// To look at one schedule: node packages/raft/dist/cluster.sim.test.js --seed 7
const seedAt = process.argv.indexOf('--seed')
const climates: Climate[] = ['calm', 'partitions', 'crashes', 'elections', 'members', 'everything']
const schedulesPerClimate = 350

if (seedAt >= 0) {
  const seed = Number(process.argv[seedAt + 1])
  const { trace, ...result } = runSchedule({ seed, traced: true })
  process.stdout.write(`${trace.join('\n')}\n${JSON.stringify(result)}\n`)
} else {
  for (const climate of climates) {
    t.test(
      `keeps all promises in ${schedulesPerClimate} schedules of the climate ${climate}`,
      (t) => {
        let inconclusive = 0
        for (let seed = 1; seed <= schedulesPerClimate; seed++) {
          const result = runSchedule({ seed, climate, events: 400 })
          if (result.outcome === 'inconclusive') inconclusive += 1
          if (result.outcome === 'violated') t.fail(`seed ${seed}, ${climate}: ${result.detail}`)
        }
        // A cluster that never recovers tests nothing; members that leave may take the quorum with them.
        t.ok(inconclusive < schedulesPerClimate / 10, `${inconclusive} schedules were inconclusive`)
        t.end()
      },
    )
  }

  t.test('the same seed gives the same run, event for event', (t) => {
    const first = runSchedule({ seed: 42, climate: 'everything', traced: true })
    const second = runSchedule({ seed: 42, climate: 'everything', traced: true })
    t.ok(first.trace.length > 100)
    t.same(first.trace, second.trace)
    t.end()
  })

  // The search begins a little before a seed that is known to show the bug, to save time; any other will do.
  const bugs: [DeliberateBug | HostBug, Climate, from?: number][] = [
    ['commits-older-terms', 'partitions', 1600],
    ['ignores-log-in-votes', 'partitions'],
    ['votes-twice', 'elections'],
    ['skips-consistency-check', 'partitions'],
    ['truncates-always', 'calm', 30],
    ['reads-without-quorum', 'partitions', 180],
    ['acknowledges-before-persist', 'crashes'],
    ['forgets-vote', 'elections', 650],
  ]
  for (const [bug, climate, from = 1] of bugs) {
    t.test(`the checkers notice when a server ${bug.replaceAll('-', ' ')}`, (t) => {
      const seedsMax = 4000
      let found: number | undefined
      for (let seed = from; seed < from + seedsMax && found === undefined; seed++) {
        const { outcome } = runSchedule({ seed, climate, bug, events: 800 })
        if (outcome === 'violated') found = seed
      }
      t.ok(found !== undefined, `no violation in ${seedsMax} schedules`)
      t.comment(`found by seed ${found}`)
      t.end()
    })
  }
}
