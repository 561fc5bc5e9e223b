import { createHmac } from 'node:crypto'
import t from 'tap'
import { configMaps, secrets } from '@kemu/api'
import type { Secret } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { eventually, meta } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { BootstrapSigner } from './bootstrap-signer.ts'
import { bootstrapTokenOf } from './bootstrap-tokens.ts'
import { TokenCleaner } from './token-cleaner.ts'

function token(id: string, more: Record<string, string> = {}): Secret {
  const texts = {
    'token-id': id,
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-signing': 'true',
    ...more,
  }
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: meta(`bootstrap-token-${id}`, { namespace: 'kube-system' }),
    data,
  }
}

t.test('only a proper secret is a token', async (t) => {
  t.match(bootstrapTokenOf(token('abcdef')), { id: 'abcdef', usableForSigning: true })
  t.equal(bootstrapTokenOf({ ...token('abcdef'), type: 'Opaque' }), undefined)
  t.equal(bootstrapTokenOf(token('abcdef', { 'token-secret': 'short' })), undefined)
  const renamed = token('abcdef')
  renamed.metadata.name = 'bootstrap-token-other'
  t.equal(bootstrapTokenOf(renamed), undefined)
})

t.test('cluster-info has one good signature for each token that may sign', async (t) => {
  const bench = new Bench()
  t.teardown(() => bench.close())
  const maps = bench.client.resource(configMaps, 'kube-public')
  const own = bench.client.resource(secrets, 'kube-system')
  await maps.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta('cluster-info', { namespace: 'kube-public' }),
    data: { kubeconfig: 'the way in', 'jws-kubeconfig-oldold': 'stale' },
  })
  await own.create(token('abcdef'))
  await own.create(token('silent', { 'usage-bootstrap-signing': 'false' }))
  await bench.run(new BootstrapSigner(bench.deps))
  const keys = async (): Promise<string[]> =>
    Object.keys((await maps.get('cluster-info')).data ?? {}).sort()
  await eventually(async () => (await keys()).join() === 'jws-kubeconfig-abcdef,kubeconfig')
  const [header, payload, signature] = (await maps.get('cluster-info')).data![
    'jws-kubeconfig-abcdef'
  ]!.split('.')
  t.equal(payload, '', 'the content itself is left out')
  t.same(JSON.parse(Buffer.from(header!, 'base64url').toString()), { alg: 'HS256', kid: 'abcdef' })
  const content = Buffer.from('the way in').toString('base64url')
  const expected = createHmac('sha256', '0123456789abcdef').update(`${header}.${content}`)
  t.equal(signature, expected.digest('base64url'))
  await own.delete('bootstrap-token-abcdef')
  await eventually(async () => (await keys()).join() === 'kubeconfig')
})

t.test('a token is deleted when its time is over, not before', async (t) => {
  const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'))
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  const own = bench.client.resource(secrets, 'kube-system')
  await own.create(token('expire', { expiration: '2026-01-01T01:00:00Z' }))
  await own.create(token('stayss'))
  await bench.run(new TokenCleaner(bench.deps))
  const left = async (): Promise<number> => (await own.list()).items.length
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(3_599_000)
  t.equal(await left(), 2)
  clock.advance(1_000)
  await eventually(async () => (await left()) === 1)
  t.equal((await own.list()).items[0]!.metadata.name, 'bootstrap-token-stayss')
})
