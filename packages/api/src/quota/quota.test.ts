import t from 'tap'
import type { Pod, ResourceQuota, Service } from '../generated/types.ts'
import type { KubeObject } from '../object.ts'
import { charge, evaluatorOf, evaluatorsFor, quotaUsage, writeAmounts } from './index.ts'
import type { Charge } from './index.ts'

const nowMs = Date.parse('2026-01-01T00:00:00Z')

function quota(
  hard: Record<string, string>,
  used: Record<string, string>,
  spec = {},
): ResourceQuota {
  return {
    metadata: { name: 'q', namespace: 'ns' },
    spec: { hard, ...spec },
    status: { hard, used },
  } as ResourceQuota
}

function pod(resources: object = {}, more: object = {}, metadata: object = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'ns', ...metadata },
    spec: { containers: [{ name: 'c', image: 'x', resources }], ...more },
    status: {},
  } as unknown as Pod
}

function create(of: ResourceQuota, object: KubeObject, resource = 'pods'): Charge {
  const change = { operation: 'CREATE' as const, subresource: '', object, old: undefined }
  return charge(of, change, evaluatorOf('', resource)!, nowMs)
}

t.test(
  'a pod that fits is counted, one that does not is refused with all that it exceeds',
  async (t) => {
    const hard = { pods: '2', 'requests.cpu': '1', 'limits.memory': '1Gi' }
    const used = { pods: '1', 'requests.cpu': '500m', 'limits.memory': '512Mi' }
    const small = pod({ requests: { cpu: '500m' }, limits: { memory: '512Mi' } })
    t.strictSame(create(quota(hard, used), small), {
      form: 'charged',
      status: { hard, used: { pods: '2', 'requests.cpu': '1', 'limits.memory': '1Gi' } },
    })
    const large = pod({ requests: { cpu: '501m' }, limits: { memory: '1Gi' } })
    t.strictSame(create(quota(hard, used), large), {
      form: 'refused',
      why:
        'exceeded quota: q, requested: limits.memory=1Gi,requests.cpu=501m, ' +
        'used: limits.memory=512Mi,requests.cpu=500m, limited: limits.memory=1Gi,requests.cpu=1',
    })
  },
)

t.test('where cpu or memory is counted, each container must state it', async (t) => {
  const counting = quota({ cpu: '1', 'limits.cpu': '1' }, { cpu: '0', 'limits.cpu': '0' })
  t.strictSame(create(counting, pod({ requests: { cpu: '1' } })), {
    form: 'refused',
    why: 'failed quota: q: must specify limits.cpu for: c',
  })
  const whole = pod({}, { resources: { limits: { cpu: '1' }, requests: { cpu: '1' } } })
  t.equal(create(counting, whole).form, 'charged', 'the pod says it for all of them')
})

t.test('nothing is let in while nobody has counted', async (t) => {
  const fresh = quota({ pods: '1', services: '1' }, {})
  t.strictSame(create(fresh, pod()), {
    form: 'refused',
    why: 'status unknown for quota: q, resources: pods',
  })
})

t.test('scopes decide which pods count', async (t) => {
  const of = (scope: string): ResourceQuota =>
    quota({ pods: '1' }, { pods: '1' }, { scopes: [scope] })
  const bestEffort = pod()
  const burstable = pod({ requests: { cpu: '1' } })
  const ending = pod({}, { activeDeadlineSeconds: 5 })
  t.equal(create(of('BestEffort'), bestEffort).form, 'refused')
  t.equal(create(of('BestEffort'), burstable).form, 'none')
  t.equal(create(of('NotBestEffort'), burstable).form, 'refused')
  t.equal(create(of('Terminating'), ending).form, 'refused')
  t.equal(create(of('NotTerminating'), ending).form, 'none')
  const scopeSelector = {
    matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
  }
  const high = quota({ pods: '1' }, { pods: '1' }, { scopeSelector })
  t.equal(create(high, pod({}, { priorityClassName: 'high' })).form, 'refused')
  t.equal(create(high, bestEffort).form, 'none')
})

t.test('a change costs what it adds', async (t) => {
  const service = (type: string, ports: number): Service =>
    ({
      metadata: { name: 's', namespace: 'ns' },
      spec: { type, ports: Array.from({ length: ports }, (_, i) => ({ port: i + 1 })) },
    }) as unknown as Service
  const hard = { services: '1', 'services.nodeports': '2' }
  const of = quota(hard, { services: '1', 'services.nodeports': '0' })
  const change = (object: Service): Charge =>
    charge(
      of,
      { operation: 'UPDATE', subresource: '', object, old: service('ClusterIP', 1) },
      evaluatorOf('', 'services')!,
      nowMs,
    )
  t.match(change(service('NodePort', 2)), { status: { used: { 'services.nodeports': '2' } } })
  t.match(change(service('NodePort', 3)), { form: 'refused' })
  t.equal(change(service('ClusterIP', 3)).form, 'none')
})

t.test('usage is counted from objects: those that are over count as objects only', async (t) => {
  const of = quota({ pods: '9', 'count/pods': '9', cpu: '9', 'count/jobs.batch': '9' }, {})
  const requests = { requests: { cpu: '250m' } }
  const over = { ...pod(requests), status: { phase: 'Succeeded' } } as unknown as Pod
  const stuck = pod(
    requests,
    {},
    {
      deletionTimestamp: '2025-12-31T23:59:00Z',
      deletionGracePeriodSeconds: 30,
    },
  )
  const pods = [pod(requests), pod(requests), over, stuck]
  const used = quotaUsage(of, ({ resource }) => (resource === 'pods' ? pods : []), nowMs)
  t.strictSame(writeAmounts(used), {
    'count/pods': '4',
    pods: '2',
    cpu: '500m',
    'count/jobs.batch': '0',
  })
})

t.test('who counts what', async (t) => {
  const names = ['pods', 'gold.storageclass.storage.k8s.io/requests.storage', 'count/jobs.batch']
  t.strictSame(
    evaluatorsFor(names).map(({ group, resource }) => `${resource}.${group}`),
    ['pods.', 'persistentvolumeclaims.', 'jobs.batch'],
  )
  t.equal(evaluatorOf('', 'events'), undefined)
})
