import t from 'tap'
import type { Pod } from '@kemu/api'
import { nodeRules } from '../../bootstrap/rbac-bootstrap.ts'
import type { ResourcePath } from '../../request/api-request.ts'
import type { ResourceQuestion } from '../authorizer.ts'
import { NodeAuthorizer } from './node-authorizer.ts'
import { referencesOf } from './pod-references.ts'
import type { NodeGraph } from './node-graph.ts'

const pod = {
  metadata: { name: 'p', namespace: 'a' },
  spec: {
    nodeName: 'n1',
    serviceAccountName: 'sa',
    imagePullSecrets: [{ name: 'pull' }],
    containers: [
      {
        name: 'c',
        env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }],
        envFrom: [{ configMapRef: { name: 'from' } }],
      },
    ],
    volumes: [
      { name: 'v', configMap: { name: 'mounted' } },
      { name: 'w', projected: { sources: [{ secret: { name: 'projected' } }] } },
      { name: 'x', persistentVolumeClaim: { claimName: 'claim' } },
    ],
  },
} as unknown as Pod

const references = referencesOf(pod)
const graph = {
  isRelated: (node: string, reference: string) => node === 'n1' && references.has(reference),
} as NodeGraph
const authorizer = new NodeAuthorizer(graph, nodeRules())

function ask(verb: string, path: Partial<ResourcePath>, fieldSelector = ''): string {
  const question: ResourceQuestion = {
    type: 'resource',
    user: { name: 'system:node:n1', uid: '', groups: ['system:nodes'], extra: {} },
    verb,
    path: {
      group: '',
      version: 'v1',
      resource: '',
      namespace: '',
      name: '',
      subresource: '',
      ...path,
    },
    fieldSelector,
  }
  const { decision, reason } = authorizer.decide(question)
  return decision === 'allow' ? 'allow' : reason
}

t.test('finds everything that a pod refers to', (t) => {
  t.same([...references].sort(), [
    'configMap a/from',
    'configMap a/mounted',
    'persistentVolumeClaim a/claim',
    'pod a/p',
    'secret a/env',
    'secret a/projected',
    'secret a/pull',
    'serviceAccount a/sa',
  ])
  t.end()
})

t.test('lets a node have what its pods need, and nothing else', (t) => {
  const secrets = { resource: 'secrets', namespace: 'a' }
  t.equal(ask('get', { ...secrets, name: 'env' }), 'allow')
  t.equal(
    ask('get', { ...secrets, name: 'other' }),
    "no relationship found between node 'n1' and this object",
  )
  t.equal(ask('list', secrets), 'No Object name found')
  t.equal(ask('update', { ...secrets, name: 'env' }), 'can only read resources of this type')
  const token = { resource: 'serviceaccounts', namespace: 'a', name: 'sa', subresource: 'token' }
  t.equal(ask('create', token), 'allow')
  t.equal(
    ask('create', { ...token, name: 'admin' }),
    "no relationship found between node 'n1' and this object",
  )
  t.end()
})

t.test('lets a node see its own node and its own pods', (t) => {
  t.equal(ask('get', { resource: 'nodes', name: 'n1' }), 'allow')
  t.match(
    ask('get', { resource: 'nodes', name: 'n2' }),
    /cannot read 'n2', only its own Node object/,
  )
  t.match(ask('list', { resource: 'nodes' }), /cannot read all nodes/)
  t.equal(ask('list', { resource: 'pods' }, 'spec.nodeName=n1'), 'allow')
  t.equal(
    ask('list', { resource: 'pods' }, 'spec.nodeName=n2'),
    'can only list/watch pods with spec.nodeName field selector',
  )
  t.equal(
    ask('patch', { resource: 'pods', namespace: 'a', name: 'p', subresource: 'status' }),
    'allow',
  )
  t.end()
})

t.test('lets a node keep its own lease, and list services by rule', (t) => {
  const lease = { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' }
  t.equal(ask('update', { ...lease, name: 'n1' }), 'allow')
  t.match(ask('update', { ...lease, name: 'n2' }), /same name as the requesting node/)
  t.match(ask('get', { ...lease, namespace: 'default', name: 'n1' }), /"kube-node-lease"/)
  t.equal(ask('watch', { resource: 'services' }), 'allow')
  t.equal(ask('delete', { resource: 'services', name: 's' }), '')
  t.end()
})
