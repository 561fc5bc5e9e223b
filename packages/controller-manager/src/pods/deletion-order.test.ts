import t from 'tap'
import type { Pod } from '@kemu/api'
import { pod } from '@kemu/controller-runtime/testing'
import { choosePodsToDelete } from './deletion-order.ts'

function on(node: string, name: string, createdAt: string, ready = true): Pod {
  const transition = [{ type: 'Ready', status: 'True', lastTransitionTime: createdAt }]
  return pod(name, {
    ready,
    meta: { creationTimestamp: createdAt },
    spec: { nodeName: node },
    status: { phase: 'Running', ...(ready && { conditions: transition }) },
  })
}

function counts(pods: readonly Pod[]): Map<string, number> {
  const byNode = new Map<string, number>()
  for (const { spec } of pods) byNode.set(spec.nodeName!, (byNode.get(spec.nodeName!) ?? 0) + 1)
  return byNode
}

const names = (pods: readonly Pod[]): string[] => pods.map((p) => p.metadata.name)

t.test('what serves least goes first', async (t) => {
  const unassigned = pod('unassigned')
  const pending = pod('pending', { spec: { nodeName: 'n1' } })
  const notReady = on('n1', 'not-ready', '2026-01-01T00:00:00Z', false)
  const cheap = on('n1', 'cheap', '2026-01-01T00:00:00Z')
  cheap.metadata.annotations = { 'controller.kubernetes.io/pod-deletion-cost': '-5' }
  const plain = on('n1', 'plain', '2026-01-01T00:00:00Z')
  const pods = [plain, cheap, notReady, pending, unassigned]
  t.same(names(choosePodsToDelete(pods, 5, new Map())), [
    'unassigned',
    'pending',
    'not-ready',
    'cheap',
    'plain',
  ])
})

t.test(
  'scaling from five back to three keeps the first three, wherever the new ones landed',
  async (t) => {
    const first = ['n1', 'n1', 'n2'].map((n, i) => on(n, `old-${i}`, '2026-01-01T00:00:00Z'))
    // Where spreading puts them: the emptier node first, then either.
    for (const nodes of [
      ['n2', 'n1'],
      ['n2', 'n2'],
    ]) {
      const later = nodes.map((n, i) => on(n, `new-${i}`, '2026-01-01T00:00:05Z'))
      const all = [...first, ...later]
      t.same(
        names(choosePodsToDelete(all, 2, counts(all))).sort(),
        ['new-0', 'new-1'],
        nodes.join(),
      )
    }
  },
)

t.test('the most crowded node gives first, and is counted again after each', async (t) => {
  const pods = [
    on('n1', 'a', '2026-01-01T00:00:00Z'),
    on('n1', 'b', '2026-01-01T00:00:00Z'),
    on('n1', 'c', '2026-01-01T00:00:00Z'),
    on('n2', 'd', '2026-01-01T00:00:00Z'),
    on('n2', 'e', '2026-01-01T00:00:09Z'),
  ]
  const gone = names(choosePodsToDelete(pods, 2, counts(pods)))
  t.equal(gone[0]![0]! < 'd', true, 'one of the three on n1')
  t.equal(gone[1], 'e', 'then both nodes have two, and the youngest goes')
})
