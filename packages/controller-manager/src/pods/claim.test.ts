import t from 'tap'
import { controllerReference, pods, selectorOfMap } from '@kemu/api'
import type { Pod } from '@kemu/api'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { pod, replicaSet } from '@kemu/controller-runtime/testing'
import { claim, planClaim } from './claim.ts'

const owner = replicaSet('web', 1)
const other = replicaSet('other', 1)
const selector = selectorOfMap({ app: 'web' })
const matching = { labels: { app: 'web' } }
const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z' }

const rows: readonly [string, Partial<Pod['metadata']>, string][] = [
  ['an orphan that matches is adopted', matching, 'adopt'],
  ['an orphan that does not match is left alone', {}, 'ignore'],
  ['an orphan on its way out is left alone', { ...matching, ...deleted }, 'ignore'],
  ['its own is kept', { ...matching, ownerReferences: [controllerReference(owner)] }, 'keep'],
  [
    'its own is released when it matches no more',
    { ownerReferences: [controllerReference(owner)] },
    'release',
  ],
  [
    "another's is ignored",
    { ...matching, ownerReferences: [controllerReference(other)] },
    'ignore',
  ],
]
for (const [what, meta, action] of rows) {
  t.test(what, async (t) => t.equal(planClaim(owner, selector, pod('p', { meta })), action))
}

t.test('an owner that is being deleted neither adopts nor releases', async (t) => {
  const leaving = replicaSet('web', 1, { meta: { uid: owner.metadata.uid, ...deleted } })
  t.equal(planClaim(leaving, selector, pod('p', { meta: matching })), 'ignore')
  const own = { ownerReferences: [controllerReference(owner)] }
  t.equal(planClaim(leaving, selector, pod('p', { meta: own })), 'ignore')
})

t.test('nothing is adopted for an owner that is another object by now', async (t) => {
  const client = new Client(new MemoryTransport())
  const orphan = await client.resource(pods, 'default').create(pod('p', { meta: matching }))
  const deps = { client, type: pods, owner, selector }
  const replaced = await claim({ ...deps, freshOwner: async () => other }, [orphan])
  t.same(replaced, [])
  const adopted = await claim({ ...deps, freshOwner: async () => owner }, [orphan])
  t.equal(adopted.length, 1)
  const stored = await client.resource(pods, 'default').get('p')
  t.match(stored.metadata.ownerReferences, [{ uid: owner.metadata.uid, controller: true }])
  client.close()
})
