import type { FlowSchema } from '@kemu/api'
import t from 'tap'
import { bootstrapSchemas } from '../bootstrap/flow-control-objects.ts'
import type { UserInfo } from '../request/user-info.ts'
import { matchesSchema } from './schema-matching.ts'
import type { FlowRequest } from './schema-matching.ts'

const user = (name: string, ...groups: string[]): UserInfo => ({ name, uid: '', groups, extra: {} })

function asks(verb: 'get' | 'list' | 'create', words: string): FlowRequest {
  const [group = '', resource = '', namespace = '', name = '', subresource = ''] = words.split(':')
  const path = { group, version: 'v1', resource, namespace, name, subresource }
  return { type: 'resource', path, operation: { verb } } as FlowRequest
}

const opens = (path: string, verb = 'get'): FlowRequest =>
  ({ type: 'plain', verb, path }) as FlowRequest

function schemaOf(request: FlowRequest, who: UserInfo): string | undefined {
  return Object.entries(bootstrapSchemas)
    .toSorted(([, a], [, b]) => a.matchingPrecedence! - b.matchingPrecedence!)
    .find(([, spec]) => matchesSchema(spec, request, who))?.[0]
}

t.test('requests fall under the usual schemas as on a real server', async (t) => {
  const all = 'system:authenticated'
  const node = user('system:node:a', 'system:nodes', all)
  const account = (name: string) =>
    user(`system:serviceaccount:${name}`, 'system:serviceaccounts', all)
  const cases: [FlowRequest, UserInfo, string][] = [
    [asks('get', ':pods:default:a'), user('root', 'system:masters'), 'exempt'],
    [opens('/healthz/etcd'), user('system:anonymous', 'system:unauthenticated'), 'probes'],
    [opens('/healthzy'), user('system:anonymous', 'system:unauthenticated'), 'global-default'],
    [asks('get', ':nodes::a'), node, 'system-node-high'],
    [asks('get', ':nodes::a:status'), node, 'system-node-high'],
    [asks('get', 'coordination.k8s.io:leases:kube-node-lease:a'), node, 'system-node-high'],
    [asks('list', 'coordination.k8s.io:leases'), node, 'system-nodes'],
    [asks('list', ':pods'), node, 'system-nodes'],
    [
      asks('get', 'coordination.k8s.io:leases:x:a'),
      user('system:kube-scheduler', all),
      'system-leader-election',
    ],
    [
      asks('list', 'coordination.k8s.io:leases:x'),
      user('system:kube-scheduler', all),
      'kube-scheduler',
    ],
    [asks('list', ':pods'), account('kube-system:a'), 'kube-system-service-accounts'],
    [asks('list', ':pods'), account('kube-system2:a'), 'service-accounts'],
    [asks('create', ':namespaces::a'), user('me', all), 'global-default'],
  ]
  for (const [request, who, schema] of cases) t.equal(schemaOf(request, who), schema)
})

t.test('namespaces, scopes and paths are matched as they are written', async (t) => {
  const rules = (rule: object): FlowSchema['spec'] => ({
    priorityLevelConfiguration: { name: 'l' },
    rules: [{ subjects: [{ kind: 'User', user: { name: '*' } }], ...rule }],
  })
  const resource = { verbs: ['*'], apiGroups: [''], resources: ['*'], namespaces: ['a'] }
  const inA = rules({ resourceRules: [resource] })
  t.ok(matchesSchema(inA, asks('get', ':pods:a:x'), user('me')))
  t.ok(matchesSchema(inA, asks('get', ':namespaces::a'), user('me')), 'a namespace is in itself')
  t.notOk(matchesSchema(inA, asks('get', ':pods:b:x'), user('me')))
  t.notOk(matchesSchema(inA, asks('list', ':pods'), user('me')), 'all namespaces are none')
  const paths = rules({ nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/a/*', '/b'] }] })
  const matched = ['/a', '/a/x', '/b', '/b/x', '/bx'].filter((path) =>
    matchesSchema(paths, opens(path), user('me')),
  )
  t.same(matched, ['/a/x', '/b', '/b/x'])
  t.notOk(matchesSchema(paths, opens('/b', 'post'), user('me')))
})
