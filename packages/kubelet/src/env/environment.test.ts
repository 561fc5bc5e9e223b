import t from 'tap'
import type { Service } from '@kemu/api'
import { aContainer, aPod } from '../testing/builders.ts'
import { containerEnvironment } from './environment.ts'
import type { EnvironmentInputs } from './environment.ts'
import { expand } from './expansion.ts'
import { metadataValue } from './field-ref.ts'
import { resourceValue } from './resource-field-ref.ts'

t.test('references are replaced where the name is known', async (t) => {
  const known = new Map([['A', '1']])
  t.equal(expand('$(A)-$(B)-$$(A)-$A-$', known), '1-$(B)-$(A)-$A-$')
  t.equal(expand('$(A', known), '$(A')
  t.equal(expand('plain', known), 'plain')
})

function inputs(more: Partial<EnvironmentInputs>): EnvironmentInputs {
  return {
    pod: aPod({ nodeName: 'n1' }),
    container: aContainer('main'),
    facts: { podIps: ['10.0.0.2'], hostIps: ['192.0.2.1'] },
    allocatable: { cpu: '2', memory: '4Gi' },
    services: [],
    configMap: () => undefined,
    secret: () => undefined,
    ...more,
  }
}

t.test('env wins over envFrom, and may use what came before it', async (t) => {
  const container = aContainer('main', {
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }],
    env: [
      { name: 'P_b', value: 'own' },
      { name: 'USES', value: '$(P_a)/$(P_b)' },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'NONE', valueFrom: { secretKeyRef: { name: 's', key: 'x', optional: true } } },
    ],
  })
  const result = containerEnvironment(
    inputs({
      container,
      configMap: () => ({ data: { a: '1', b: '2' } }) as never,
      secret: () => ({ data: { k: Buffer.from('hush').toString('base64') } }) as never,
    }),
  )
  t.same(Object.fromEntries(result), {
    P_a: '1',
    P_b: 'own',
    USES: '1/own',
    IP: '10.0.0.2',
    NODE: 'n1',
    SECRET: 'hush',
  })
})

t.test('what is missing is named in upstream words', async (t) => {
  const of = (valueFrom: object, more: object = {}) =>
    containerEnvironment(
      inputs({ container: aContainer('main', { env: [{ name: 'X', valueFrom }] }), ...more }),
    )
  t.throws(() => of({ configMapKeyRef: { name: 'cm', key: 'k' } }), 'configmap "cm" not found')
  t.throws(
    () => of({ configMapKeyRef: { name: 'cm', key: 'k' } }, { configMap: () => ({ data: {} }) }),
    "couldn't find key k in ConfigMap default/cm",
  )
})

const kubernetes = {
  metadata: { name: 'kubernetes', namespace: 'default' },
  spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP' }] },
} as unknown as Service
const redis = {
  metadata: { name: 'redis-master', namespace: 'default' },
  spec: { clusterIP: '10.0.0.11', ports: [{ port: 6379 }] },
} as unknown as Service

t.test('services of the namespace are told, and the API always', async (t) => {
  const all = Object.fromEntries(containerEnvironment(inputs({ services: [kubernetes, redis] })))
  t.match(all, {
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    KUBERNETES_PORT: 'tcp://10.96.0.1:443',
    REDIS_MASTER_SERVICE_PORT: '6379',
    REDIS_MASTER_PORT_6379_TCP_ADDR: '10.0.0.11',
  })
  const pod = aPod({ enableServiceLinks: false })
  const few = Object.fromEntries(
    containerEnvironment(inputs({ pod, services: [kubernetes, redis] })),
  )
  t.equal(few['REDIS_MASTER_SERVICE_HOST'], undefined)
  t.equal(few['KUBERNETES_SERVICE_HOST'], '10.96.0.1')
})

t.test('labels are shown sorted and quoted, and one of them plainly', async (t) => {
  const pod = aPod({}, { labels: { b: 'x"y', a: '1' } })
  t.equal(metadataValue('metadata.labels', pod), 'a="1"\nb="x\\"y"')
  t.equal(metadataValue("metadata.labels['b']", pod), 'x"y')
  t.throws(() => metadataValue('spec.x', pod), 'unsupported fieldPath: spec.x')
})

t.test(
  'resources are counted in divisors, rounded up; no limit means the node has it',
  async (t) => {
    const container = aContainer('main', {
      resources: { limits: { memory: '65Mi' }, requests: { cpu: '150m' } },
    })
    const of = (resource: string, divisor?: string) =>
      resourceValue({ resource, ...(divisor && { divisor }) }, container, {
        cpu: '2',
        memory: '4Gi',
      })
    t.equal(of('limits.memory', '1Mi'), '65')
    t.equal(of('requests.cpu'), '1')
    t.equal(of('requests.cpu', '1m'), '150')
    t.equal(of('limits.cpu'), '2')
    t.throws(() => of('limits.gpu'), 'unsupported container resource : limits.gpu')
  },
)
