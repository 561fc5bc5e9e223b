import t from 'tap'
import fc from 'fast-check'
import type { DaemonSet, Node, Pod } from '@kemu/api'
import { meta, node, pod } from '@kemu/controller-runtime/testing'
import { amountOrShare } from '../pods/percentage.ts'
import {
  daemonTemplate,
  nodeFit,
  nodeOfDaemonPod,
  onNode,
  revisionHashLabel,
} from './daemon-pod.ts'
import { planDaemonStatus } from './daemon-status.ts'
import { planDaemonPods } from './plan-daemon-pods.ts'
import type { DaemonInput, DaemonPlan } from './plan-daemon-pods.ts'
import { planDaemonUpdate } from './plan-daemon-update.ts'

function daemonSet(spec: Partial<DaemonSet['spec']> = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: meta('ds'),
    spec: {
      selector: { matchLabels: { app: 'ds' } },
      template: {
        metadata: { labels: { app: 'ds' } },
        spec: { containers: [{ name: 'c', image: 'x' }] },
      },
      updateStrategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
      },
      ...spec,
    },
    status: {
      currentNumberScheduled: 0,
      desiredNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
    },
  }
}

/** A set, its nodes and pods; plans take effect at once, readiness comes one pod at a time. */
class World {
  readonly set: DaemonSet
  nodes: Node[]
  pods: Pod[] = []
  hash = 'one'
  #serial = 0

  constructor(set: DaemonSet, nodes: Node[]) {
    this.set = set
    this.nodes = nodes
  }

  get input(): DaemonInput {
    const { set, nodes, pods, hash } = this
    const nowMs = Date.parse('2026-01-01T01:00:00Z')
    return { set, nodes, pods, hash, nowMs, mayReplaceFailed: () => true }
  }

  apply(plan: DaemonPlan): boolean {
    this.pods = this.pods.filter((p) => !plan.deletions.includes(p))
    for (const name of plan.createOn) {
      const template = onNode(daemonTemplate(this.set, this.hash), name)
      const second = String(this.#serial++ % 60).padStart(2, '0')
      const created = pod(`ds-${this.#serial}`, {
        ready: false,
        meta: {
          labels: template.metadata!.labels!,
          creationTimestamp: `2026-01-01T00:00:${second}Z`,
        },
        spec: { ...template.spec!, nodeName: name },
        status: { phase: 'Running' },
      })
      this.pods.push(created)
    }
    return plan.createOn.length + plan.deletions.length > 0
  }

  /** One more pod gets ready; false when all are. */
  readyStep(): boolean {
    const index = this.pods.findIndex(({ status }) => status.conditions?.[0]?.status !== 'True')
    if (index < 0) return false
    const lastTransitionTime = '2026-01-01T00:00:00Z'
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }]
    const before = this.pods[index]!
    this.pods[index] = { ...before, status: { ...before.status, conditions } }
    return true
  }

  settle(check: () => void = () => {}): void {
    for (let round = 0; round < 300; round++) {
      const acted =
        this.apply(planDaemonPods(this.input)) || this.apply(planDaemonUpdate(this.input))
      check()
      if (!this.readyStep() && !acted) return
      check()
    }
    throw new Error('does not settle')
  }

  get availableNodes(): number {
    const ready = this.pods.filter(({ status }) => status.conditions?.[0]?.status === 'True')
    return new Set(ready.map(({ spec }) => spec.nodeName)).size
  }

  get updated(): number {
    return this.pods.filter(({ metadata }) => metadata.labels?.[revisionHashLabel] === this.hash)
      .length
  }
}

t.test(
  'a daemon comes to every node that it tolerates, also to cordoned and unready ones',
  async (t) => {
    const world = new World(daemonSet(), [
      node('plain'),
      node('cordoned', {
        unschedulable: true,
        taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
      }),
      node('lost', { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] }),
      node('master', { taints: [{ key: 'control-plane', effect: 'NoSchedule' }] }),
    ])
    world.settle()
    const names = world.pods.map((p) => p.spec.nodeName!).sort()
    t.same(names, ['cordoned', 'lost', 'plain'])
    t.match(planDaemonStatus(world.input), {
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberReady: 3,
      numberAvailable: 3,
      updatedNumberScheduled: 3,
      numberMisscheduled: 0,
    })
  },
)

t.test(
  'it leaves a node that a NoExecute taint closes, but stays behind a NoSchedule one',
  async (t) => {
    const world = new World(daemonSet(), [node('n1')])
    world.settle()
    const close = (effect: string): Node => node('n1', { taints: [{ key: 'mine', effect }] })
    world.nodes = [close('NoSchedule')]
    t.same(nodeFit(world.set, world.nodes[0]!), { shouldRun: false, mayStay: true })
    t.equal(planDaemonPods(world.input).deletions.length, 0)
    t.equal(planDaemonStatus(world.input).numberMisscheduled, 1)
    world.nodes = [close('NoExecute')]
    t.equal(planDaemonPods(world.input).deletions.length, 1)
  },
)

t.test('ended pods are replaced, and told of; of two on one node the younger goes', async (t) => {
  const world = new World(daemonSet(), [node('n1')])
  world.settle()
  const [first] = world.pods
  world.pods = [{ ...first!, status: { ...first!.status, phase: 'Failed' } }]
  const plan = planDaemonPods(world.input)
  t.match(plan.ended, [{ nodeName: 'n1', pod: { metadata: { name: first!.metadata.name } } }])
  t.equal(plan.deletions.length, 1)
  const older = { ...first!, metadata: { ...first!.metadata, uid: 'older', name: 'older' } }
  older.metadata.creationTimestamp = '2025-01-01T00:00:00Z'
  world.pods = [first!, older]
  t.same(planDaemonPods(world.input).deletions, [first])
})

t.test('a failed pod stays while its back-off lasts', async (t) => {
  const world = new World(daemonSet(), [node('n1')])
  world.settle()
  world.pods = world.pods.map((p) => ({ ...p, status: { ...p.status, phase: 'Failed' } }))
  const plan = planDaemonPods({ ...world.input, mayReplaceFailed: () => false })
  t.same(plan, { createOn: [], deletions: [], ended: [] })
})

t.test("a daemon's template names its node, and tolerates what happens to nodes", async (t) => {
  const set = daemonSet()
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms('disk') },
  }
  set.spec.template.spec!.affinity = affinity
  const template = onNode(daemonTemplate(set, 'h'), 'n1')
  t.equal(nodeOfDaemonPod({ spec: template.spec! }), 'n1')
  const [term] =
    template.spec!.affinity!.nodeAffinity!.requiredDuringSchedulingIgnoredDuringExecution!
      .nodeSelectorTerms
  t.match(term, {
    matchExpressions: [{ key: 'disk' }],
    matchFields: [{ key: 'metadata.name', values: ['n1'] }],
  })
  const keys = template.spec!.tolerations!.map(({ key, effect }) => `${key}:${effect}`)
  t.ok(keys.includes('node.kubernetes.io/unreachable:NoExecute'))
  t.notOk(keys.includes('node.kubernetes.io/network-unavailable:NoSchedule'))
  set.spec.template.spec!.hostNetwork = true
  const onHost = daemonTemplate(set, 'h').spec!.tolerations!.map(({ key }) => key)
  t.ok(onHost.includes('node.kubernetes.io/network-unavailable'))
})

function terms(key: string) {
  return { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] }
}

t.test('every update keeps enough nodes served, and reaches them all', async (t) => {
  const amount = fc.oneof(
    fc.integer({ min: 0, max: 3 }),
    fc.nat(60).map((n) => `${n}%`),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), amount, amount, (count, surge, unavailable) => {
      const surges = amountOrShare(surge, count, 'up') > 0
      // The API refuses both at once, and both at none.
      const maxUnavailable = surges ? 0 : amountOrShare(unavailable, count, 'up') || 1
      const maxSurge = surges ? surge : 0
      const rollingUpdate = { maxSurge, maxUnavailable }
      const set = daemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } })
      const world = new World(
        set,
        Array.from({ length: count }, (_, i) => node(`n${i}`)),
      )
      world.settle()
      world.hash = 'two'
      const floor = count - maxUnavailable
      const ceiling = count + (surges ? amountOrShare(surge, count, 'up') : 0)
      world.settle(() => {
        if (world.availableNodes < floor) throw new Error(`${world.availableNodes} < ${floor}`)
        if (world.pods.length > ceiling) throw new Error(`${world.pods.length} > ${ceiling}`)
      })
      return world.updated === count && world.pods.length === count
    }),
    { numRuns: 200 },
  )
  t.pass('200 updates')
})
