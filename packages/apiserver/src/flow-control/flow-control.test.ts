import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FlowSchema, PriorityLevelConfiguration } from '@kemu/api'
import t from 'tap'
import { rawClient } from '../testing/raw-client.ts'
import { admin, TestServer } from '../testing/test-server.ts'

const flowApi = '/apis/flowcontrol.apiserver.k8s.io/v1'

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20))
}

t.test(
  'a server starts with the usual objects, and answers say of which flow they are',
  async (t) => {
    const server = await TestServer.start()
    t.teardown(() => server.stop())
    const ask = rawClient(server, await server.clientIdentity(admin))
    const read = async <T>(path: string): Promise<T> => JSON.parse((await ask(path)).body) as T

    await until(async () => {
      const { items } = await read<{ items: FlowSchema[] }>(`${flowApi}/flowschemas`)
      return items.every(({ status }) => status.conditions?.[0]?.reason === 'Found')
    })
    const asTable = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }
    const table = JSON.parse((await ask(`${flowApi}/flowschemas`, asTable)).body) as {
      rows: { cells: unknown[] }[]
    }
    t.same(
      table.rows.map(({ cells: [name, level, precedence, , , dangling] }) =>
        [name, level, precedence, dangling].join(' '),
      ),
      [
        'exempt exempt 1 False',
        'probes exempt 2 False',
        'system-leader-election leader-election 100 False',
        'system-node-high node-high 400 False',
        'system-nodes system 500 False',
        'kube-controller-manager workload-high 800 False',
        'kube-scheduler workload-high 800 False',
        'kube-system-service-accounts workload-high 900 False',
        'service-accounts workload-low 9000 False',
        'global-default global-default 9900 False',
        'catch-all catch-all 10000 False',
      ],
      'in the order in which they are asked',
    )

    // Made by scripts/record-flow-control.ts.
    const file = join(import.meta.dirname, '../../recordings/flow-control.json')
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>
    for (const [resource, objects] of Object.entries(recorded)) {
      const { items } = await read<{ items: FlowSchema[] }>(`${flowApi}/${resource}`)
      const ours = items.map(({ metadata, spec }) => [
        metadata.name,
        { annotations: metadata.annotations, spec },
      ])
      t.same(Object.fromEntries(ours), objects, `${resource} are those of a real server`)
    }

    const exempt = await read<FlowSchema>(`${flowApi}/flowschemas/exempt`)
    const level = await read<PriorityLevelConfiguration>(
      `${flowApi}/prioritylevelconfigurations/exempt`,
    )
    const uids = ({ headers }: { headers: Readonly<Record<string, unknown>> }): unknown[] => [
      headers['x-kubernetes-pf-flowschema-uid'],
      headers['x-kubernetes-pf-prioritylevel-uid'],
    ]
    t.same(uids(await ask('/api/v1/pods')), [exempt.metadata.uid, level.metadata.uid])
    t.same(uids(await ask('/no/such')), [exempt.metadata.uid, level.metadata.uid])
    const probes = await read<FlowSchema>(`${flowApi}/flowschemas/probes`)
    const probe = await ask('/readyz', { anonymous: true })
    t.same(uids(probe), [probes.metadata.uid, level.metadata.uid])
    t.match(
      (await ask('/metrics')).body,
      /apiserver_flowcontrol_dispatched_requests_total\{priority_level="exempt",flow_schema="probes"\} [1-9]/,
    )
  },
)

t.test('objects change what becomes of requests', async (t) => {
  const server = await TestServer.start()
  t.teardown(() => server.stop())
  const administer = rawClient(server, await server.clientIdentity(admin))
  const create = async (resource: string, object: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(object)
    const { code } = await administer(`${flowApi}/${resource}`, { method: 'POST', headers, body })
    t.equal(code, 201)
  }
  const name = 'nobody'
  const everything = {
    resourceRules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] },
    ],
  }
  const subjects = [{ kind: 'User', user: { name: 'mallory' } }]
  await create('flowschemas', {
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name },
      matchingPrecedence: 3,
      rules: [{ subjects, ...everything }],
    },
  })
  const dangling = async (): Promise<string | undefined> =>
    (JSON.parse((await administer(`${flowApi}/flowschemas/${name}`)).body) as FlowSchema).status
      .conditions?.[0]?.status
  await until(async () => (await dangling()) === 'True')
  const ask = rawClient(server, await server.clientIdentity({ name: 'mallory', groups: [] }))
  t.equal((await ask('/api/v1/pods')).code, 403, 'a schema without a level is not used')

  await create('prioritylevelconfigurations', {
    metadata: { name },
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 0,
        borrowingLimitPercent: 0,
        limitResponse: { type: 'Reject' },
      },
    },
  })
  await until(async () => (await dangling()) === 'False')
  const refused = await ask('/api/v1/pods')
  t.equal(refused.code, 429)
  t.equal(refused.headers['retry-after'], '1')
  await administer(`${flowApi}/prioritylevelconfigurations/${name}`, { method: 'DELETE' })
  await until(async () => (await dangling()) === 'True')
  t.equal((await ask('/api/v1/pods')).code, 403)
})
