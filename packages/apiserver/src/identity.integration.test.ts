import t from 'tap'
import { formatTime } from '@kemu/api'
import type { KubeObject } from '@kemu/api'
import { systemClock } from '@kemu/base'
import type { Transport } from '@kemu/client'
import { answerOf } from './testing/answer.ts'
import { path } from './testing/cases/case.ts'
import { admin as adminUser, TestServer } from './testing/test-server.ts'

const server = await TestServer.start()
t.teardown(() => server.stop())
const admin = await server.rest(adminUser)
const reviews = path('selfsubjectreviews', { group: 'authentication.k8s.io' })
const review = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1', metadata: {} }

interface Review extends KubeObject {
  status: { userInfo: { username: string; groups: string[]; extra?: Record<string, string[]> } }
}

async function whoAmI(transport: Transport): Promise<Review['status']['userInfo']> {
  return ((await transport.create(reviews, review)) as Review).status.userInfo
}

async function code(request: Promise<unknown>): Promise<number | undefined> {
  const answer = await answerOf(request)
  return 'refused' in answer ? answer.refused.code : 200
}

await admin.create(path('serviceaccounts', { namespace: 'default' }), {
  kind: 'ServiceAccount',
  apiVersion: 'v1',
  metadata: { name: 'robot' },
})

async function tokenFor(spec: object): Promise<string> {
  const where = path('serviceaccounts', {
    namespace: 'default',
    name: 'robot',
    subresource: 'token',
  })
  const made = await admin.create(where, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    spec,
  })
  return (made as KubeObject & { status: { token: string } }).status.token
}

for (const front of ['restWithToken', 'grpcWithToken'] as const) {
  t.test(`knows service accounts by their tokens (${front})`, async (t) => {
    const robot = server[front](await tokenFor({ audiences: [], expirationSeconds: 600 }))
    t.match(await whoAmI(robot), {
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    })
    const stranger = server[front](await tokenFor({ audiences: ['elsewhere'] }))
    t.equal(await code(stranger.create(reviews, review)), 401, 'a token for others is none for us')
    t.equal(await code(server[front]('nonsense').create(reviews, review)), 401)
  })

  t.test(`knows nobody without proof (${front})`, async (t) => {
    const anonymous = server[front]()
    t.equal(await code(anonymous.list(path('pods', { namespace: 'default' }))), 403)
  })
}

t.test('lets a token die with the pod that it is bound to', async (t) => {
  const pods = path('pods', { namespace: 'default' })
  const made = await admin.create(pods, {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'p' },
    spec: { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'pause' }] },
  })
  const token = await tokenFor({
    audiences: [],
    boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: made.metadata.uid },
  })
  const { extra = {} } = await whoAmI(server.restWithToken(token))
  t.same(extra['authentication.kubernetes.io/pod-name'], ['p'])
  await admin.delete({ ...pods, name: 'p' }, { gracePeriodSeconds: 0 })
  // Another front remembers nothing of the token.
  const tokenReview = path('tokenreviews', { group: 'authentication.k8s.io' })
  const asked = await admin.create(tokenReview, {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    spec: { token },
  })
  t.match(asked, { status: { error: 'invalid bearer token' } })
})

t.test('knows bootstrap tokens while they are good', async (t) => {
  const secrets = path('secrets', { namespace: 'kube-system' })
  const secret = (id: string, expiresMs: number): object => ({
    kind: 'Secret',
    apiVersion: 'v1',
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: `bootstrap-token-${id}` },
    stringData: {
      'token-id': id,
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      expiration: formatTime(systemClock.now() + expiresMs),
    },
  })
  await admin.create(secrets, secret('abcdef', 60_000))
  await admin.create(secrets, secret('fedcba', -60_000))
  t.match(await whoAmI(server.restWithToken('abcdef.0123456789abcdef')), {
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'],
  })
  for (const bad of [
    'abcdef.0123456789abcdee',
    'fedcba.0123456789abcdef',
    'aaaaaa.0123456789abcdef',
  ]) {
    t.equal(await code(server.restWithToken(bad).create(reviews, review)), 401, bad)
  }
})

t.test('keeps kubelets to their own', async (t) => {
  const kubelet = await server.grpc({ name: 'system:node:n1', groups: ['system:nodes'] })
  const nodes = path('nodes')
  const node = (name: string, labels: object = {}): object => ({
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name, labels },
  })
  const refusal = async (request: Promise<unknown>): Promise<string> => {
    const answer = await answerOf(request)
    return 'refused' in answer ? (answer.refused.message ?? '') : 'done'
  }
  t.equal(
    await refusal(kubelet.create(nodes, node('n2'))),
    'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
  )
  t.equal(
    await refusal(
      kubelet.create(nodes, node('n1', { 'node-role.kubernetes.io/control-plane': '' })),
    ),
    'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: ' +
      'node-role.kubernetes.io/control-plane',
  )
  const ownNode = node('n1', { 'kubernetes.io/os': 'linux' })
  t.equal(await refusal(kubelet.create(nodes, ownNode)), 'done')
  const made = (await admin.get({ ...nodes, name: 'n1' })) as KubeObject & { spec: unknown }
  t.match(made.spec, { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] })
  t.equal(
    await refusal(kubelet.patch({ ...nodes, name: 'n1' }, 'merge', { spec: { taints: null } })),
    'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
  )
})

t.test('lets only those act as others who may', async (t) => {
  const answer = await (await server.rest({ name: 'nobody', groups: [] })).raw('GET', '/version')
  t.equal(answer.code, 200, 'everybody sees the version')
})
