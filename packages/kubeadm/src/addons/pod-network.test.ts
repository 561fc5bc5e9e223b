import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ConfigMap } from '@kemu/api'
import t from 'tap'
import { sampleCluster } from '../testing/sample-cluster.ts'
import { podNetwork } from './pod-network.ts'

process.env['KEMU_PROGRAM'] ??= join(
  resolve(import.meta.dirname, '../../../..'),
  'packages/cli/bin/kemu.cjs',
)

t.test('the shipped manifest is applied with the cluster’s own network and way', (t) => {
  const spec = sampleCluster({ podNetwork: 'vxlan' })
  t.teardown(() => rmSync(spec.dir, { recursive: true, force: true }))
  const [first = [], second = []] = podNetwork(spec)
  t.same(
    first.map(({ object }) => `${object.kind} ${object.metadata.name}`),
    ['Namespace kube-network'],
  )
  t.same(
    second.map(({ object }) => object.kind),
    ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'ConfigMap', 'DaemonSet'],
  )
  const map = second.find(({ object }) => object.kind === 'ConfigMap')!
    .object as unknown as ConfigMap
  t.same(JSON.parse(map.data!['net-conf.json']!), {
    Network: spec.plan.podCidr,
    Backend: { Type: 'vxlan' },
  })
  const last = map.metadata.annotations!['kubectl.kubernetes.io/last-applied-configuration']!
  t.match(
    JSON.parse(last),
    { kind: 'ConfigMap', data: map.data },
    'a later kubectl apply knows what was applied',
  )
  t.end()
})

t.test('nothing is applied when the person brings a pod network', (t) => {
  const spec = sampleCluster({ podNetwork: 'none' })
  t.teardown(() => rmSync(spec.dir, { recursive: true, force: true }))
  t.same(podNetwork(spec), [])
  t.end()
})
