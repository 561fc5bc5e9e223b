import t from 'tap'
import { LeaseRenewals } from './lease-renewals.ts'

/** Turns end when the test says so. */
function start(answer: (ids: readonly bigint[]) => Promise<readonly number[]>) {
  const turns: (() => void)[] = []
  const asked: (readonly bigint[])[] = []
  const renewals = new LeaseRenewals({
    afterTurn: (run) => turns.push(run),
    renewAll(ids) {
      asked.push(ids)
      return answer(ids)
    },
  })
  return { renewals, asked, endTurn: () => turns.splice(0).forEach((run) => run()) }
}

t.test('renewals of one turn are one question, and each gets its own answer', async (t) => {
  const { renewals, asked, endTurn } = start(async (ids) => ids.map((id) => Number(id) * 10))
  const first = [1n, 2n, 1n].map((id) => renewals.renew(id))
  t.same(asked, [], 'the turn goes on')
  endTurn()
  const second = renewals.renew(3n)
  endTurn()
  t.same(await Promise.all([...first, second]), [10, 20, 10, 30])
  t.same(asked, [[1n, 2n, 1n], [3n]])
})

t.test('a refusal is for all that were in it, and for no other', async (t) => {
  let isUp = false
  const { renewals, endTurn } = start(async (ids) => {
    if (!isUp) throw new Error('no leader')
    return ids.map(() => 5)
  })
  const refused = [renewals.renew(1n), renewals.renew(2n)]
  const outcomes = Promise.allSettled(refused)
  endTurn()
  t.same(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  isUp = true
  const next = renewals.renew(1n)
  endTurn()
  t.equal(await next, 5)
})
