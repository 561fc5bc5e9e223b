import t from 'tap'
import type { Test } from 'tap'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import { ServingLease } from './serving-lease.ts'

const at = { host: '127.234.128.0', port: 10_255 }

/** Candidates for one lease, and what happened to them in order. */
function candidates(t: Test, names: string[]) {
  const happened: string[] = []
  let wake = (): void => {}
  const leases = names.map((name, i) => {
    const lease = new ServingLease(at, name, {
      clock: systemClock,
      random: seededRandom(i),
      logger: silentLogger,
      onChange: async (holds) => {
        happened.push(`${name} ${holds ? 'takes' : 'leaves'}`)
        wake()
      },
    })
    t.teardown(() => lease.close())
    return lease
  })
  const until = async (count: number): Promise<void> => {
    while (happened.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { leases, happened, until }
}

t.test('one has it, and when that one goes exactly one other gets it', async (t) => {
  const { leases, happened, until } = candidates(t, ['a', 'b', 'c'])
  for (const lease of leases) await lease.acquire()
  t.same(happened, ['a takes'])
  leases[0]!.close()
  await until(3)
  t.equal(happened[1], 'a leaves')
  t.equal(leases.filter((lease) => lease.isHeld).length, 1)
  const heir = leases.findIndex((lease) => lease.isHeld)
  leases[heir]!.close()
  await until(5)
  t.equal(leases.filter((lease) => lease.isHeld).length, 1)
})

t.test('who stands by and is closed never takes it', async (t) => {
  const { leases, happened } = candidates(t, ['a', 'b'])
  for (const lease of leases) await lease.acquire()
  leases[1]!.close()
  leases[0]!.close()
  const { leases: later } = candidates(t, ['d'])
  await later[0]!.acquire()
  t.ok(later[0]!.isHeld)
  t.same(happened, ['a takes', 'a leaves'])
})
