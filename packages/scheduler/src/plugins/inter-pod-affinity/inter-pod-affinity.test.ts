import t from 'tap'
import type { Pod, PodAffinityTerm } from '@kemu/api'
import { node, pod } from '@kemu/controller-runtime/testing'
import { Cluster } from '../../testing/cluster.ts'

const host = 'kubernetes.io/hostname'
const zone = 'topology.kubernetes.io/zone'
const term = (app: string, topologyKey: string, more: Partial<PodAffinityTerm> = {}) => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
})
const near = (...terms: PodAffinityTerm[]) => ({
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms },
})
const far = (...terms: PodAffinityTerm[]) => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms },
})
const app = (name: string, affinity?: Pod['spec']['affinity'], nodeName?: string): Pod =>
  pod(name, {
    meta: { labels: { app: name } },
    spec: { ...(affinity && { affinity }), ...(nodeName && { nodeName }) },
  })
const nodes = [
  node('a1', { labels: { [zone]: 'a' } }),
  node('a2', { labels: { [zone]: 'a' } }),
  node('b1', { labels: { [zone]: 'b' } }),
]

t.test('a pod goes to the zone of those it wants to be near', async (t) => {
  const cluster = new Cluster(nodes, [app('db', undefined, 'b1')])
  for (let i = 0; i < 5; i++) t.equal(cluster.schedule(app('web', near(term('db', zone)))), 'b1')
  t.equal(
    cluster.schedule(app('web', near(term('nobody', zone)))),
    "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
  )
})

t.test('the first of a group that wants to be together may go anywhere', async (t) => {
  const cluster = new Cluster(nodes)
  const together = near(term('web', zone))
  const first = cluster.place(app('web', together))
  for (let i = 0; i < 4; i++) t.equal(cluster.place(app('web', together))[0], first[0])
})

t.test('pods that want to be apart take a host each, until none is left', async (t) => {
  const cluster = new Cluster(nodes)
  const apart = far(term('web', host))
  const taken = [1, 2, 3].map(() => cluster.place(app('web', apart)))
  t.same(taken.sort(), ['a1', 'a2', 'b1'])
  t.equal(
    cluster.schedule(app('web', apart)),
    "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
  )
})

t.test('a pod without rules keeps away from those that repel it', async (t) => {
  const loner = app('loner', far(term('web', zone)), 'a1')
  const cluster = new Cluster(nodes, [loner])
  for (let i = 0; i < 5; i++) t.equal(cluster.schedule(app('web')), 'b1')
  const everywhere = new Cluster(nodes, [loner, app('loner', far(term('web', zone)), 'b1')])
  t.equal(
    everywhere.schedule(app('web')),
    "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.",
  )
})

t.test('a term speaks of its own namespace, unless it names others or selects them', async (t) => {
  const other = app('db', undefined, 'b1')
  other.metadata.namespace = 'data'
  const cluster = new Cluster(nodes, [other])
  t.match(cluster.schedule(app('web', near(term('db', zone)))), /pod affinity rules/)
  const named = near(term('db', zone, { namespaces: ['data'] }))
  t.equal(cluster.schedule(app('web', named)), 'b1')
  const all = near(term('db', zone, { namespaceSelector: {} }))
  t.equal(cluster.schedule(app('web', all)), 'b1')
})

t.test('preferences weigh, both ways', async (t) => {
  const weighted = { weight: 100, podAffinityTerm: term('db', zone) }
  const like = {
    podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [weighted] },
  }
  const dislike = {
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [weighted] },
  }
  const cluster = new Cluster(nodes, [app('db', undefined, 'b1')])
  for (let i = 0; i < 5; i++) t.equal(cluster.schedule(app('web', like)), 'b1')
  for (let i = 0; i < 5; i++) t.equal(cluster.schedule(app('web', dislike))[0], 'a')
})
