import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@kemu/base'
import t from 'tap'
import type { ClientPlan } from '../workload/clients.ts'
import { climates, planOf } from './plan.ts'
import type { Climate, Fault, Plan } from './plan.ts'
import type { StoreBug } from './sabotage.ts'
import { storeBugs } from './sabotage.ts'
import { shrink } from './shrink.ts'
import { runPlan } from './simulation.ts'

// More, and the story of a failure: npm run sim -- --seed 1 --schedules 1000
t.setTimeout(1_800_000)
const schedulesPerClimate = 8

for (const climate of Object.keys(climates) as Climate[]) {
  t.test(
    `keeps all promises in ${schedulesPerClimate} schedules of the climate ${climate}`,
    async (t) => {
      let inconclusive = 0
      for (let seed = 1; seed <= schedulesPerClimate; seed++) {
        const { outcome, why } = await runPlan(planOf(seed, climate))
        if (outcome === 'violated')
          t.fail(`npm run sim -- --seed ${seed} --climate ${climate}: ${why}`)
        if (outcome === 'inconclusive') inconclusive += 1
      }
      t.ok(inconclusive <= schedulesPerClimate / 5, `${inconclusive} schedules were inconclusive`)
    },
  )
}

t.test('the same seed gives the same run, event for event', async (t) => {
  const first = await runPlan(planOf(42, 'everything'), { isTraced: true })
  const second = await runPlan(planOf(42, 'everything'), { isTraced: true })
  t.ok(first.story.length > 200)
  t.same(first.story, second.story)
})

t.test('a run without effective faults, or with few answers, is inconclusive', async (t) => {
  const plan = planOf(3, 'calm')
  const nobody: Plan = {
    ...plan,
    faults: [{ kind: 'kill', atMs: 1000, victim: 'm9', downMs: 100 }],
  }
  const missed = await runPlan(nobody)
  t.match(missed, { outcome: 'inconclusive', why: 'no fault took effect' })
  const idle = await runPlan({ ...plan, clients: plan.clients.map((c) => ({ ...c, rounds: 1 })) })
  t.match(idle, { outcome: 'inconclusive', why: /^only \d+ of \d+ operations were answered$/ })
})

/** One member after the other is killed and soon back, on a network so slow that candidates meet. */
function killsDuringElections(seed: number): Plan {
  const plan = planOf(seed, 'crashes')
  const { members, durationMs } = plan
  const kills = Array.from({ length: Math.floor((durationMs - 900) / 130) }, (_, i): Fault => {
    return { kind: 'kill', atMs: 900 + i * 130, victim: `m${1 + (i % members)}`, downMs: 30 }
  })
  const slow: Fault = { kind: 'slowNetwork', atMs: 800, forMs: durationMs, latencyMs: 40 }
  return { ...plan, faults: [slow, ...kills] }
}

/** Whoever leads sleeps for longer than an election takes, again and again, while many leases are renewed. */
function sleepingLeaders(seed: number): Plan {
  const plan = planOf(seed, 'pauses')
  const random = seededRandom(seed)
  const faults: Fault[] = []
  for (let atMs = 900; atMs < plan.durationMs; atMs += 2400 + random.int(600)) {
    faults.push({ kind: 'pause', atMs, victim: 'leader', forMs: 900 + random.int(1200) })
  }
  const others = plan.clients.filter(({ kind }) => kind !== 'lease')
  const leases = Array.from({ length: 6 }, (_, i): ClientPlan => {
    return { kind: 'lease', name: `lease${i + 1}`, rounds: 6 }
  })
  return { ...plan, members: 3, faults, clients: [...others, ...leases] }
}

type PlanMaker = (seed: number) => Plan
const of =
  (climate: Climate): PlanMaker =>
  (seed) =>
    planOf(seed, climate)

// Each is found within a few seeds, so that no change of the program hides it by moving them.
const proofs: Record<StoreBug, [plan: PlanMaker, property: RegExp]> = {
  'lost-write': [of('calm'), /Strict Serializability/],
  'stale-read-after-pause': [sleepingLeaders, /Strict Serializability/],
  'duplicated-watch-event': [of('calm'), /Watch: (Unique|Atomic)/],
  'missing-watch-event': [of('calm'), /Watch: (Reliable|Resumable|Bookmarkable)/],
  'split-brain': [of('network'), /One Vote|Election Safety/],
  'skipped-revision': [of('calm'), /No Gaps|Does Not Fail|State Machine Safety/],
  'acknowledged-before-sync': [of('crashes'), /./],
  'vote-forgotten-after-restart': [killsDuringElections, /One Vote|Election Safety/],
  'late-lease-revoke': [sleepingLeaders, /Lease Lives/],
  'keys-outlive-lease': [of('calm'), /Lease Keys/],
}
const seedsMax = 100

for (const bug of Object.keys(storeBugs) as StoreBug[]) {
  const [makePlan, property] = proofs[bug]
  t.test(`the checkers notice: ${bug.replaceAll('-', ' ')}`, async (t) => {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const plan = makePlan(seed)
      const { outcome, violations } = await runPlan(plan, { bug })
      if (outcome !== 'violated') continue
      t.match(violations[0]!.property, property)
      t.comment(`seed ${seed}: ${violations[0]!.detail}`)
      t.not((await runPlan(plan)).outcome, 'violated', 'and only because of the mistake')
      return
    }
    t.fail(`no violation in ${seedsMax} schedules`)
  })
}

t.test('a failure is shrunk to what it needs', async (t) => {
  const plan = planOf(1, 'calm')
  const failed = await runPlan(plan, { bug: 'lost-write' })
  const { outcome, plan: smallest } = await shrink(failed, { bug: 'lost-write' }, 25)
  t.equal(outcome, 'violated')
  t.ok(smallest.faults.length < plan.faults.length, `${smallest.faults.length} faults are left`)
  t.ok(smallest.clients.length < plan.clients.length, `${smallest.clients.length} clients are left`)
})

t.test('the program has no way to a deliberate mistake', (t) => {
  const source = fileURLToPath(new URL('../../src/', import.meta.url))
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(
      /(?:from|import\()\s*'(\.[^']+)'/g,
    )) {
      visit(join(dirname(file), path!))
    }
  }
  visit(join(source, 'main.ts'))
  t.ok(reached.size > 60, `${reached.size} files belong to the program`)
  const folders = ['simulation', 'checkers', 'workload', 'testing'].filter((name) =>
    readdirSync(source).includes(name),
  )
  t.equal(folders.length, 4)
  const strays = [...reached].filter((file) => folders.some((f) => file.includes(`/src/${f}/`)))
  t.same(strays, [])
  t.notMatch(readFileSync(join(source, 'main.ts'), 'utf8'), /instruments/)
  t.end()
})
