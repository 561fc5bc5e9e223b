import fc from 'fast-check'
import t from 'tap'
import { jointCommitted, jointVote } from './joint.ts'
import { majorityCommitted, majorityVote } from './majority.ts'

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const someIds = fc.subarray(ids)
const acknowledgements = fc.dictionary(fc.constantFrom(...ids), fc.nat(20))
const votes = fc.dictionary(fc.constantFrom(...ids), fc.boolean())

/** The definition, word for word: the highest index that more than half have. */
function committedByDefinition(voters: string[], at: Record<string, number>): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY
  for (let index = 20; index > 0; index--) {
    const have = voters.filter((id) => (at[id] ?? 0) >= index).length
    if (have * 2 > voters.length) return index
  }
  return 0
}

t.test('a majority has committed what more than half of it acknowledged', (t) => {
  fc.assert(
    fc.property(someIds, acknowledgements, (voters, at) => {
      const committed = majorityCommitted(new Set(voters), (id) => at[id] ?? 0)
      return committed === committedByDefinition(voters, at)
    }),
  )
  t.pass('no counterexample')
  t.end()
})

t.test('an election is decided exactly when the missing votes cannot change it', (t) => {
  fc.assert(
    fc.property(someIds, votes, (voters, cast) => {
      const result = majorityVote(new Set(voters), new Map(Object.entries(cast)))
      const missing = voters.filter((id) => cast[id] === undefined)
      const outcomes = new Set<boolean>()
      for (const rest of [true, false]) {
        const yes = voters.filter((id) => cast[id] ?? (missing.includes(id) && rest)).length
        outcomes.add(voters.length === 0 || yes * 2 > voters.length)
      }
      const expected = outcomes.size > 1 ? 'pending' : outcomes.has(true) ? 'won' : 'lost'
      return result === expected
    }),
  )
  t.pass('no counterexample')
  t.end()
})

t.test('a joint quorum needs both of its halves (section 4.3)', (t) => {
  fc.assert(
    fc.property(someIds, someIds, acknowledgements, votes, (incoming, outgoing, at, cast) => {
      const voters = { incoming: new Set(incoming), outgoing: new Set(outgoing) }
      const committed = jointCommitted(voters, (id) => at[id] ?? 0)
      const halves = [incoming, outgoing].map((half) => committedByDefinition(half, at))
      const vote = jointVote(voters, new Map(Object.entries(cast)))
      const each = [voters.incoming, voters.outgoing].map((half) =>
        majorityVote(half, new Map(Object.entries(cast))),
      )
      const isWon = each.every((result) => result === 'won')
      return committed === Math.min(...halves) && (vote === 'won') === isWon
    }),
  )
  t.pass('no counterexample')
  t.end()
})
