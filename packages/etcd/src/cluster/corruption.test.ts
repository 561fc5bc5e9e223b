import t from 'tap'
import { findDifferent, judgeCompaction, judgeFollowers } from './corruption.ts'
import type { MemberHash } from './corruption.ts'

const at = (member: bigint, hash: number, changes: Partial<MemberHash> = {}): MemberHash => ({
  member,
  hash,
  compactRevision: 5,
  hashRevision: 9,
  revision: 9,
  ...changes,
})

t.test('data is compared only after the same compaction', async (t) => {
  const own = at(1n, 7)
  t.same(findDifferent(own, [at(2n, 7), at(3n, 8), at(4n, 8, { compactRevision: 6 })]), [3n])
})

t.test('a follower is wrong that differs, or knows more than the leader', async (t) => {
  const own = at(1n, 7)
  const judge = (peer: MemberHash) => judgeFollowers(own, [at(2n, 7), peer], own)
  t.same(judge(at(3n, 7)), { kind: 'consistent' })
  t.same(judge(at(3n, 8)), { kind: 'corrupt', members: [3n] })
  t.same(judge(at(3n, 7, { revision: 10 })), { kind: 'corrupt', members: [3n] })
  t.same(judge(at(3n, 7, { compactRevision: 6 })), { kind: 'corrupt', members: [3n] })
  t.same(judge(at(3n, 8, { compactRevision: 4 })), { kind: 'consistent' }, 'it only lags')
})

t.test('after a compaction the majority is right; without one nobody is', async (t) => {
  t.same(judgeCompaction([at(1n, 7), at(2n, 7), at(3n, 7)]), { kind: 'consistent' })
  t.same(judgeCompaction([at(1n, 8), at(2n, 7), at(3n, 7)]), { kind: 'corrupt', members: [1n] })
  t.same(judgeCompaction([at(1n, 8), at(2n, 7)]), { kind: 'everybody' })
})
