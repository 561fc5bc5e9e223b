import { join } from 'node:path'
import type { Deployment, Node } from '@kemu/api'
import t from 'tap'
import { addons, findAddon, objectsOf, requireProgram } from './addon.ts'
import { placeObjects } from './enable-addon.ts'

process.env['KEMU_PROGRAM'] = join(import.meta.dirname, '../../bin/kemu.cjs')

function node(name: string, isMaster: boolean): Node {
  const labels = isMaster ? { 'node-role.kubernetes.io/control-plane': '' } : {}
  return { metadata: { name, labels } } as Node
}

/** The node selector of the manifest's Redis on these nodes. */
function selectorOf(nodes: readonly Node[]): unknown {
  const placed = placeObjects(objectsOf(findAddon('logs')), nodes)
  const redis = placed.find(({ type }) => type.kind === 'Deployment')!.object as Deployment
  return redis.spec.template.spec!.nodeSelector
}

for (const addon of addons) {
  void t.test(`everything of ${addon.name} lies in its namespace, which comes first`, (t) => {
    const [first, ...rest] = objectsOf(addon)
    t.equal(first!.type.kind, 'Namespace')
    t.equal(first!.object.metadata.name, addon.namespace)
    t.ok(rest.length > 0)
    for (const { object } of rest) t.equal(object.metadata.namespace, addon.namespace)
    t.end()
  })
}

void t.test(
  'an add-on that there is not is refused with the names of those that there are',
  (t) => {
    t.throws(() => findAddon('metrics'), /there is no add-on "metrics"; there are: logs/)
    t.end()
  },
)

void t.test('a program that is missing is told with the command that brings it', (t) => {
  const needs = { program: 'no-such-program', install: 'apt-get install it' }
  t.throws(
    () => requireProgram({ ...findAddon('logs'), needs }),
    /runs no-such-program, which is not installed on this machine; next: apt-get install it/,
  )
  t.end()
})

void t.test('Redis stays on the control plane, on the first of several hosts', (t) => {
  const role = { 'node-role.kubernetes.io/control-plane': '' }
  t.same(selectorOf([node('master', true), node('worker1', false)]), role)
  t.same(selectorOf([node('master2', true), node('master1', true), node('a', false)]), {
    ...role,
    'kubernetes.io/hostname': 'master1',
  })
  t.end()
})
