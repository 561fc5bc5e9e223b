import t from 'tap'
import { answerOf } from '../testing/answer.ts'
import { path, pod } from '../testing/cases/case.ts'
import { admin as adminUser, TestServer } from '../testing/test-server.ts'

const server = await TestServer.start()
t.teardown(() => server.stop())
const admin = await server.rest(adminUser)

async function openNamespace(namespace: string): Promise<void> {
  const kinds = {
    Namespace: path('namespaces'),
    ServiceAccount: path('serviceaccounts', { namespace }),
  }
  for (const [kind, where] of Object.entries(kinds)) {
    const name = kind === 'Namespace' ? namespace : 'default'
    await admin.create(where, { kind, apiVersion: 'v1', metadata: { name } })
  }
}

const why = async (request: Promise<unknown>): Promise<string | undefined> => {
  const answer = await answerOf(request)
  return 'refused' in answer ? answer.refused.message : undefined
}

t.test(
  'a limit range fills in what containers leave out and refuses what is out of bounds',
  async (t) => {
    const namespace = 'limited'
    await openNamespace(namespace)
    await admin.create(path('limitranges', { namespace }), {
      kind: 'LimitRange',
      apiVersion: 'v1',
      metadata: { name: 'l' },
      spec: {
        limits: [
          {
            type: 'Container',
            max: { cpu: '1' },
            min: { cpu: '50m' },
            defaultRequest: { cpu: '100m' },
          },
          { type: 'Pod', max: { cpu: '1500m' } },
        ],
      },
    })
    const pods = path('pods', { namespace })
    const made = (await admin.create(pods, pod('a'))) as unknown as {
      metadata: { annotations: Record<string, string> }
      spec: { containers: { resources: unknown }[] }
    }
    t.strictSame(made.spec.containers[0]!.resources, {
      limits: { cpu: '1' },
      requests: { cpu: '100m' },
    })
    t.equal(
      made.metadata.annotations['kubernetes.io/limit-ranger'],
      'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
    )
    const container = (name: string, limits: object): object => ({
      name,
      image: 'x',
      resources: { limits },
    })
    const of = (...containers: object[]): object => pod('b', { containers })
    t.equal(
      await why(admin.create(pods, of(container('c', { cpu: '2' })))),
      'pods "b" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu ' +
        'usage per Pod is 1500m, but limit is 2]',
    )
    t.equal(
      await why(admin.create(pods, of(container('c', { cpu: '1' }), container('d', { cpu: '1' })))),
      'pods "b" is forbidden: maximum cpu usage per Pod is 1500m, but limit is 2',
    )
  },
)

t.test('a quota charges what fits, and a dry run costs nothing', async (t) => {
  const namespace = 'counted'
  await openNamespace(namespace)
  const quotas = path('resourcequotas', { namespace })
  const quota = { kind: 'ResourceQuota', apiVersion: 'v1', metadata: { name: 'q' } }
  const hard = { pods: '1', 'count/configmaps': '5' }
  await admin.create(quotas, { ...quota, spec: { hard } })
  const pods = path('pods', { namespace })
  const account = { ...quotas, name: 'q', subresource: 'status' }
  await admin.patch(account, 'merge', { status: { hard } })
  t.match(await why(admin.create(pods, pod('a'))), /status unknown for quota: q, resources: pods/)
  const status = { hard, used: { pods: '0', 'count/configmaps': '0' } }
  await admin.patch(account, 'merge', { status })
  await admin.create(pods, pod('a'), { dryRun: true })
  const both = await Promise.all(['a', 'b'].map((name) => why(admin.create(pods, pod(name)))))
  t.equal(both.filter((message) => message === undefined).length, 1, 'one of two gets in')
  t.match(
    both.find((message) => message !== undefined),
    /pods "[ab]" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1/,
  )
  const now = (await admin.get({ ...quotas, name: 'q' })) as unknown as { status: unknown }
  t.match(now.status, { used: { pods: '1', 'count/configmaps': '0' } })
})
