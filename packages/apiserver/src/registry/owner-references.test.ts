import type { KubeObject } from '@kemu/api'
import t from 'tap'
import { dedupeOwners } from './owner-references.ts'

const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }

function owned(...ownerReferences: object[]): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', ownerReferences } } as never
}

t.test('an owner that is stated twice counts once, and the client is told', (t) => {
  const object = owned(owner, { ...owner }, { ...owner, name: 'q' })
  const warnings: string[] = []
  dedupeOwners(object, warnings)
  t.same(
    object.metadata.ownerReferences!.map(({ name }) => name),
    ['p', 'q'],
  )
  t.match(warnings, [/^\.metadata\.ownerReferences contains duplicate entries; .* observed: u$/])
  dedupeOwners(object, warnings)
  t.equal(warnings.length, 1)
  t.end()
})
