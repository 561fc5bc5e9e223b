import t from 'tap'
import type { Taint } from '@kemu/api'
import { node, pod } from '@kemu/controller-runtime/testing'
import { planNoExecuteTaints, planNoScheduleTaints } from './node-taints.ts'
import { toleranceMs } from './taint-eviction-controller.ts'
import { assessZones, evictionRate, zoneState } from './zones.ts'

const config = { rate: 0.1, secondaryRate: 0.01, unhealthyThreshold: 0.55, largeClusterSize: 50 }
const some = (count: number, ready: 'True' | 'Unknown') =>
  Array.from({ length: count }, (_, i) => node(`${ready}-${i}`, { ready }))

t.test('a zone is disrupted in part from three unhealthy nodes that are most of it', async (t) => {
  t.equal(zoneState([...some(9, 'True'), ...some(1, 'Unknown')], config), 'Normal')
  t.equal(zoneState([...some(1, 'True'), ...some(2, 'Unknown')], config), 'Normal')
  t.equal(zoneState([...some(2, 'True'), ...some(3, 'Unknown')], config), 'PartialDisruption')
  t.equal(zoneState(some(2, 'Unknown'), config), 'FullDisruption')
})

t.test('a small zone in part disruption evicts nobody, a large one slowly', async (t) => {
  t.equal(evictionRate('PartialDisruption', 10, config), 0)
  t.equal(evictionRate('PartialDisruption', 51, config), 0.01)
  t.equal(evictionRate('FullDisruption', 10, config), 0.1)
})

t.test('everything is down only when all zones are', async (t) => {
  const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name })
  const a = node('a', { ready: 'Unknown', labels: zone('a') })
  const b = node('b', { ready: 'True', labels: zone('b') })
  t.equal(assessZones([a, b], config).allDown, false)
  t.equal(assessZones([a], config).allDown, true)
  t.equal(assessZones([], config).allDown, false)
})

t.test('conditions become taints, and foreign taints stay', async (t) => {
  const foreign: Taint = { key: 'mine', effect: 'NoSchedule' }
  const pressed = node('n', { ready: 'True', taints: [foreign], unschedulable: true })
  pressed.status.conditions!.push({ type: 'MemoryPressure', status: 'True' })
  const taints = planNoScheduleTaints(pressed, 0)!
  t.same(taints.map(({ key }) => key).sort(), [
    'mine',
    'node.kubernetes.io/memory-pressure',
    'node.kubernetes.io/unschedulable',
  ])
  pressed.spec.taints = taints
  t.equal(planNoScheduleTaints(pressed, 0), undefined, 'nothing to change any more')
  const well = node('n', { ready: 'True', taints })
  t.same(planNoScheduleTaints(well, 0), [foreign])
  const key = 'node.kubernetes.io/unreachable'
  const swapped = planNoExecuteTaints(
    node('n', { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] }),
    key,
    0,
  )
  t.match(swapped, [{ key, effect: 'NoExecute', timeAdded: '1970-01-01T00:00:00Z' }])
})

t.test('a pod leaves at the shortest time that it tolerates', async (t) => {
  const taint: Taint = { key: 'k', effect: 'NoExecute' }
  const tolerating = (...seconds: (number | undefined)[]) =>
    pod('p', {
      spec: {
        tolerations: seconds.map((tolerationSeconds) => ({
          key: 'k',
          operator: 'Exists',
          ...(tolerationSeconds !== undefined && { tolerationSeconds }),
        })),
      },
    })
  t.equal(toleranceMs(tolerating(), [taint]), 0)
  t.equal(toleranceMs(tolerating(300, 60), [taint]), 60_000)
  t.equal(toleranceMs(tolerating(undefined), [taint]), 'forever')
  t.equal(toleranceMs(tolerating(-1), [taint]), 0)
  t.equal(toleranceMs(tolerating(300), [taint, { key: 'other', effect: 'NoExecute' }]), 0)
})
