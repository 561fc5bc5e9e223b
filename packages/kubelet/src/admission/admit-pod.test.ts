import t from 'tap'
import type { PodSpec } from '@kemu/api'
import { aContainer, aPod } from '../testing/builders.ts'
import { admitPod } from './admit-pod.ts'

const node = { metadata: { name: 'n1', labels: { zone: 'a', size: '5' } } }
const allocatable = { cpu: '2', memory: '4Gi', pods: '2' }
const admit = (spec: Partial<PodSpec>, others: Partial<PodSpec>[] = []) =>
  admitPod({
    pod: aPod(spec),
    others: others.map((one) => aPod(one)),
    node,
    allocatable,
    supplementalGroupsPolicy: true,
  })
const asking = (cpu: string) => ({
  containers: [aContainer('c', { resources: { requests: { cpu } } })],
})
const onPort = (hostPort: number, hostIP?: string) => ({
  containers: [
    aContainer('c', { ports: [{ containerPort: 80, hostPort, ...(hostIP && { hostIP }) }] }),
  ],
})

t.test('what fits is let in', async (t) => {
  t.equal(admit(asking('1'), [asking('1')]), undefined)
})

t.test('too little of something is named with its figures', async (t) => {
  t.same(admit(asking('1500m'), [asking('1')]), {
    reason: 'OutOfcpu',
    message: "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
  })
  t.match(admit({}, [{}, {}]), { reason: 'OutOfpods' })
  t.equal(admit({ ...asking('3'), priority: 2_000_000_000 }), undefined, 'critical pods go first')
})

t.test('selectors and affinity are held against the labels of the node', async (t) => {
  t.equal(admit({ nodeSelector: { zone: 'a' } }), undefined)
  t.match(admit({ nodeSelector: { zone: 'b' } }), {
    reason: 'NodeAffinity',
    message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  })
  const affinity = (key: string, operator: string, values: string[]) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
        },
      },
    },
  })
  t.equal(admit(affinity('size', 'Gt', ['4'])), undefined)
  t.match(admit(affinity('size', 'Lt', ['4'])), { reason: 'NodeAffinity' })
  t.match(admit(affinity('zone', 'NotIn', ['a'])), { reason: 'NodeAffinity' })
})

t.test('a host port is given once for an address', async (t) => {
  t.match(admit(onPort(80), [onPort(80, '10.0.0.1')]), { reason: 'NodePorts' })
  t.equal(admit(onPort(80, '10.0.0.2'), [onPort(80, '10.0.0.1')]), undefined)
  t.equal(admit(onPort(81), [onPort(80)]), undefined)
})
