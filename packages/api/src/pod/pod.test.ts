import fc from 'fast-check'
import t from 'tap'
import type { Container, Pod } from '../generated/types.ts'
import { Quantity } from '../quantity.ts'
import { computeQosClass } from './qos-class.ts'
import { aggregateContainers } from './resource-amounts.ts'

type Resources = Container['resources']

function pod(containers: Resources[], init: Partial<Container>[] = [], own?: Resources): Pod {
  const named = (resources: Resources, i: number): Container => ({
    name: `c${i}`,
    ...(resources && { resources }),
  })
  return {
    spec: {
      containers: containers.map(named),
      initContainers: init.map((container, i) => ({ name: `i${i}`, ...container })),
      ...(own && { resources: own }),
    },
  } as Pod
}

const both = { cpu: '1', memory: '1Gi' }

t.test('the class follows from requests and limits', async (t) => {
  const table: readonly (readonly [string, Pod, string])[] = [
    ['nothing', pod([{}]), 'BestEffort'],
    ['zero is nothing', pod([{ requests: { cpu: '0' } }]), 'BestEffort'],
    ['other resources do not count', pod([{ limits: { 'a.b/c': '1' } }]), 'BestEffort'],
    ['limits of both', pod([{ limits: both, requests: both }]), 'Guaranteed'],
    [
      'equal in other words',
      pod([{ limits: both, requests: { cpu: '1000m', memory: '1024Mi' } }]),
      'Guaranteed',
    ],
    ['one limit', pod([{ limits: { cpu: '1' }, requests: { cpu: '1' } }]), 'Burstable'],
    [
      'less asked than allowed',
      pod([{ limits: both, requests: { ...both, cpu: '500m' } }]),
      'Burstable',
    ],
    ['one container without', pod([{ limits: both, requests: both }, {}]), 'Burstable'],
    ['an init container without', pod([{ limits: both, requests: both }], [{}]), 'Burstable'],
    [
      'resources of the pod decide alone',
      pod([{}], [], { limits: both, requests: both }),
      'Guaranteed',
    ],
  ]
  for (const [name, subject, expected] of table) t.equal(computeQosClass(subject), expected, name)
})

t.test('a pod needs its dearest moment', async (t) => {
  const cpu = fc.nat(20)
  const inits = fc.array(fc.record({ cpu, sidecar: fc.boolean() }), { maxLength: 4 })
  fc.assert(
    fc.property(fc.array(cpu, { minLength: 1, maxLength: 3 }), inits, (main, init) => {
      const subject = pod(
        main.map((n) => ({ requests: { cpu: String(n) } })),
        init.map(({ cpu: n, sidecar }) => ({
          resources: { requests: { cpu: String(n) } },
          ...(sidecar && { restartPolicy: 'Always' }),
        })),
      )
      const found = aggregateContainers(subject, 'requests').get('cpu') ?? Quantity.ofUnits(0)
      return found.units === dearestMoment(main, init)
    }),
  )
  t.pass('held against the model that walks through the start')
})

/** What runs at each step of the start, and at last. */
function dearestMoment(main: number[], init: { cpu: number; sidecar: boolean }[]): number {
  let running = 0
  let most = 0
  for (const { cpu, sidecar } of init) {
    most = Math.max(most, running + cpu)
    if (sidecar) running += cpu
  }
  return Math.max(most, running + main.reduce((sum, n) => sum + n, 0))
}
