import t from 'tap'
import { seededRandom } from '@kemu/base'
import type { Node, Pod, PodDisruptionBudget } from '@kemu/api'
import { Store } from '@kemu/client'
import { meta, node, pod } from '@kemu/controller-runtime/testing'
import { PodInfo } from '../../cache/pod-info.ts'
import { prepareFilters } from '../../framework/profile.ts'
import { findNode } from '../../find-node.ts'
import { Cluster } from '../../testing/cluster.ts'
import { DefaultPreemption } from './default-preemption.ts'

function attempt(
  nodes: readonly Node[],
  running: readonly Pod[],
  subject: Pod,
  held: readonly PodDisruptionBudget[] = [],
) {
  const budgets = new Store<PodDisruptionBudget>()
  for (const budget of held) budgets.set(budget)
  const cluster = new Cluster(nodes, running)
  const info = new PodInfo(subject)
  const snapshot = cluster.cache.snapshot()
  const { profile, nominator, random } = cluster
  const options = { startAt: 0, percentageOfNodesToScore: 0, random, nominator }
  const decision = findNode(profile, info, snapshot, options)
  if (decision.kind !== 'noFit') throw new Error(`placed on ${decision.nodeName}`)
  return new DefaultPreemption(seededRandom(1), budgets).postFilter({
    pod: info,
    snapshot,
    rejections: decision.diagnosis.rejections,
    prepareFilters: () => {
      const prepared = prepareFilters(profile, info, snapshot)
      return prepared.kind === 'filters' ? prepared.filters : undefined
    },
  })
}

const cpu = (name: string, amount: string, priority: number, nodeName?: string): Pod =>
  pod(name, { requests: { cpu: amount }, spec: { priority, ...(nodeName && { nodeName }) } })
const victims = (result: ReturnType<typeof attempt>) =>
  result.plan?.victims.map(({ pod: { metadata } }) => metadata.name)

t.test('the least that makes room goes, and no more', async (t) => {
  const running = [cpu('a', '1', 1, 'n1'), cpu('b', '2', 2, 'n1'), cpu('c', '1', 3, 'n1')]
  const result = attempt([node('n1')], running, cpu('new', '1', 10))
  t.equal(result.plan?.nodeName, 'n1')
  t.same(victims(result), ['a'])
  t.equal(result.message, '')
})

t.test('the node whose victims matter least is taken', async (t) => {
  const running = [cpu('dear', '4', 5, 'n1'), cpu('cheap', '4', 1, 'n2')]
  const result = attempt([node('n1'), node('n2')], running, cpu('new', '4', 10))
  t.equal(result.plan?.nodeName, 'n2')
  t.same(victims(result), ['cheap'])
})

t.test('pods of the same or higher priority stay', async (t) => {
  const running = [cpu('a', '4', 10, 'n1')]
  const result = attempt([node('n1')], running, cpu('new', '1', 10))
  t.notOk(result.plan)
  t.equal(
    result.message,
    'no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  )
})

t.test('where no eviction can help, it says so', async (t) => {
  const running = [cpu('a', '4', 0, 'n1')]
  const result = attempt([node('n1')], running, cpu('new', '100', 10))
  t.equal(
    result.message,
    'no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  )
})

t.test('a pod that says Never pushes nobody out', async (t) => {
  const shy = cpu('new', '4', 10)
  shy.spec.preemptionPolicy = 'Never'
  const result = attempt([node('n1')], [cpu('a', '4', 0, 'n1')], shy)
  t.notOk(result.plan)
  t.match(result.message, /preemption: not eligible due to preemptionPolicy=Never\.$/)
})

t.test('while victims on its promised node still end, nobody else is pushed out', async (t) => {
  const leaving = cpu('leaving', '4', 0, 'n1')
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  leaving.status.conditions = [
    { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' },
  ]
  const waiting = cpu('new', '4', 10)
  waiting.status.nominatedNodeName = 'n1'
  const result = attempt([node('n1'), node('n2')], [leaving, cpu('a', '4', 0, 'n2')], waiting)
  t.notOk(result.plan)
  t.match(result.message, /not eligible due to a terminating pod on the nominated node\.$/)
})

t.test('room that was promised to a pod is not given to a lesser one', async (t) => {
  const cluster = new Cluster([node('n1')])
  const promised = cpu('promised', '4', 10)
  cluster.nominator.set(new PodInfo(promised), 'n1')
  t.match(cluster.schedule(cpu('lesser', '1', 0)), /Insufficient cpu/)
  t.equal(cluster.schedule(cpu('greater', '1', 20)), 'n1')
  t.equal(cluster.schedule(promised), 'n1')
})

t.test('budgets hold pods back where others can go', async (t) => {
  const labeled = (name: string, priority: number, nodeName: string, app: string): Pod => {
    const made = cpu(name, '2', priority, nodeName)
    made.metadata.labels = { app }
    return made
  }
  const running = [labeled('held', 1, 'n1', 'held'), labeled('free', 2, 'n1', 'free')]
  const incoming = cpu('new', '2', 10)
  const budget = (disruptionsAllowed: number, matchLabels: Record<string, string>) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: meta('b'),
    spec: { selector: { matchLabels } },
    status: { disruptionsAllowed },
  })
  const app = { app: 'held' }
  t.same(victims(attempt([node('n1')], running, incoming)), ['held'])
  t.same(victims(attempt([node('n1')], running, incoming, [budget(0, app)])), ['free'])
  t.same(victims(attempt([node('n1')], running, incoming, [budget(1, app)])), ['held'])
  t.same(victims(attempt([node('n1')], running, incoming, [budget(0, {})])), ['held'])

  const two = [labeled('held', 1, 'n1', 'held'), labeled('dear', 5, 'n2', 'free')]
  const big = cpu('new', '4', 10)
  const both = [node('n1'), node('n2')]
  t.equal(attempt(both, two, big).plan?.nodeName, 'n1')
  t.equal(attempt(both, two, big, [budget(0, app)]).plan?.nodeName, 'n2')
  const last = attempt([node('n1')], two.slice(0, 1), big, [budget(0, app)])
  t.same(victims(last), ['held'], 'a budget is broken where nothing else helps')
})
