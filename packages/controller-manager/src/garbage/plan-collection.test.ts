import t from 'tap'
import { planCollection } from './plan-collection.ts'
import type { OwnerState } from './plan-collection.ts'

const owners = (...states: OwnerState[]) =>
  states.map((state, i) => ({
    reference: { apiVersion: 'v1', kind: 'X', name: `o${i}`, uid: `u${i}` },
    state,
  }))
const plain = { finalizers: [], hasDependents: false }

t.test('without owners, or with one that stands, it stays', async (t) => {
  t.same(planCollection({ ...plain, owners: [] }), { kind: 'keep' })
  t.same(planCollection({ ...plain, owners: owners('solid', 'solid') }), { kind: 'keep' })
})

t.test('references to owners that are gone are dropped while another owner stands', async (t) => {
  const plan = planCollection({ ...plain, owners: owners('absent', 'solid', 'waiting') })
  t.same(plan, { kind: 'dropReferences', uids: ['u0', 'u2'] })
})

t.test('with no owner left it goes, as its finalizers ask', async (t) => {
  const kinds = [
    [[], 'Background'],
    [['foregroundDeletion'], 'Foreground'],
    [['orphan'], 'Orphan'],
  ] as const
  for (const [finalizers, propagationPolicy] of kinds)
    t.match(planCollection({ finalizers, hasDependents: true, owners: owners('absent') }), {
      kind: 'delete',
      propagationPolicy,
      unblockDependents: false,
    })
})

t.test('under an owner that waits, one with dependents goes in the foreground too', async (t) => {
  const owned = owners('waiting')
  t.match(planCollection({ finalizers: [], hasDependents: true, owners: owned }), {
    kind: 'delete',
    propagationPolicy: 'Foreground',
    unblockDependents: true,
  })
  t.match(planCollection({ ...plain, owners: owned }), { propagationPolicy: 'Background' })
})
