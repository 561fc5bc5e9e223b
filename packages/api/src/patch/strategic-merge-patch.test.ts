import * as fc from 'fast-check'
import t from 'tap'
import { deepFreeze } from '../object.ts'
import { catalogue } from '../schema/catalogue.ts'
import { applyStrategicMergePatch } from './strategic-merge-patch.ts'

const pod = catalogue().definition('io.k8s.api.core.v1.Pod')

function patchContainers(containers: unknown[], patch: Record<string, unknown>): unknown {
  const document = deepFreeze({ spec: { containers } })
  const patched = applyStrategicMergePatch(document, { spec: patch }, pod)
  return (patched as { spec: { containers: unknown } }).spec.containers
}

t.test('merges items of a list by their key, and puts new ones first', async (t) => {
  const containers = [{ name: 'a', image: '1' }, { name: 'b' }]
  t.same(patchContainers(containers, { containers: [{ name: 'b', image: '2' }] }), [
    { name: 'a', image: '1' },
    { name: 'b', image: '2' },
  ])
  t.same(patchContainers(containers, { containers: [{ name: 'c' }] }), [
    { name: 'c' },
    { name: 'a', image: '1' },
    { name: 'b' },
  ])
})

t.test('takes items out, or the whole list, by directive', async (t) => {
  const containers = [{ name: 'a' }, { name: 'b' }]
  t.same(patchContainers(containers, { containers: [{ name: 'a', $patch: 'delete' }] }), [
    { name: 'b' },
  ])
  t.same(patchContainers(containers, { containers: [{ $patch: 'replace' }, { name: 'z' }] }), [
    { name: 'z' },
  ])
})

t.test(
  'orders a list as $setElementOrder says, others before what they stood before',
  async (t) => {
    const containers = [{ name: 'a' }, { name: 'x' }, { name: 'b' }]
    const patch = { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }
    t.same(patchContainers(containers, patch), [{ name: 'x' }, { name: 'b' }, { name: 'a' }])
  },
)

t.test('replaces lists without a merge key, and drops nulls from what is new', async (t) => {
  const document = { spec: { tolerations: [{ key: 'a' }], nodeSelector: { a: '1', b: '2' } } }
  const patch = {
    spec: {
      tolerations: [{ key: 'b' }],
      nodeSelector: { a: null },
      affinity: { nodeAffinity: null },
    },
  }
  t.same(applyStrategicMergePatch(document, patch, pod), {
    spec: { tolerations: [{ key: 'b' }], nodeSelector: { b: '2' }, affinity: {} },
  })
})

t.test('an empty patch and a patch that states what is there change nothing', async (t) => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
  const property = fc.property(names, names, (present, stated) => {
    const containers = present.map((name) => ({ name, image: name }))
    const same = stated
      .filter((name) => present.includes(name))
      .sort((a, b) => present.indexOf(a) - present.indexOf(b))
      .map((name) => ({ name, image: name }))
    t.strictSame(patchContainers(containers, {}), containers)
    t.strictSame(patchContainers(containers, { containers: same }), containers)
  })
  t.doesNotThrow(() => fc.assert(property))
})
