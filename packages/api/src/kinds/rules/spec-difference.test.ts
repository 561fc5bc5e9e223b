import fc from 'fast-check'
import t from 'tap'
import { specDifference } from './spec-difference.ts'

t.test('shows what was taken away and what was added, with three lines around it', async (t) => {
  const before = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 }
  t.equal(
    specDifference(before, { ...before, d: 9 }),
    [
      '@@ -2,7 +2,7 @@',
      '  "a": 1,',
      '  "b": 2,',
      '  "c": 3,',
      '- "d": 4,',
      '+ "d": 9,',
      '  "e": 5,',
      '  "f": 6,',
      '  "g": 7',
      '',
    ].join('\n'),
  )
  t.equal(specDifference(before, { ...before }), '', 'nothing for what is equal')
})

t.test(
  'the lines without a plus are in the old text, those without a minus in the new',
  async (t) => {
    const specs = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(3))
    fc.assert(
      fc.property(specs, specs, (before, after) => {
        const text = (object: object): string[] => {
          const sorted = Object.entries(object).toSorted(([a], [b]) => a.localeCompare(b))
          return JSON.stringify(Object.fromEntries(sorted), undefined, 1).split('\n')
        }
        const lines = specDifference(before, after)
          .split('\n')
          .filter((line) => /^[-+ ]/.test(line))
        const of = (skip: string): string[] =>
          lines.filter((line) => !line.startsWith(skip)).map((line) => line.slice(1))
        return isSubsequence(of('+'), text(before)) && isSubsequence(of('-'), text(after))
      }),
    )
    t.pass('held for 100 cases')
  },
)

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0
  for (const line of whole) if (line === part[at]) at += 1
  return at === part.length
}
