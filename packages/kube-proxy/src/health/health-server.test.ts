import { get } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '@kemu/base'
import type { Node } from '@kemu/api'
import { createMetrics } from '../metrics.ts'
import { serveHealth, serveMetrics } from './health-server.ts'
import { ProxyHealth } from './proxy-health.ts'
import { ServiceHealth } from './service-health.ts'

interface Answer {
  readonly code: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function ask(port: number, path: string, host = '127.0.0.1'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ host, port, path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        resolve({ code: response.statusCode, headers: response.headers, text })
      })
    }).on('error', reject)
  })
}

function portOf(t: Test, server: Server): number {
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

function nodeWith(taints: string[], deletionTimestamp?: string): Node {
  return {
    metadata: { name: 'n1', deletionTimestamp },
    spec: { taints: taints.map((key) => ({ key, effect: 'NoSchedule' })) },
    status: {},
  } as unknown as Node
}

t.test('healthz is for traffic from outside, livez for the process', async (t) => {
  let nowMs = 0
  const health = new ProxyHealth({ ...systemClock, now: () => nowMs })
  let node: Node | undefined = nodeWith([])
  const at = { host: '127.0.0.1', port: 0 }
  const metrics = createMetrics()
  const port = portOf(t, await serveHealth(at, { health, metrics, node: () => node }))
  t.equal((await ask(port, '/healthz')).code, 200)
  node = nodeWith(['ToBeDeletedByClusterAutoscaler'])
  const leaving = await ask(port, '/healthz')
  t.equal(leaving.code, 503)
  t.match(JSON.parse(leaving.text), { nodeEligible: false })
  t.equal((await ask(port, '/livez')).code, 200)
  node = undefined
  t.equal((await ask(port, '/healthz')).code, 503, 'no node, no traffic')
  health.queued()
  nowMs = 61_000
  t.equal((await ask(port, '/livez')).code, 503, 'a change is overdue')
  health.updated()
  const well = await ask(port, '/livez')
  t.equal(well.code, 200)
  t.match(JSON.parse(well.text), { status: { IPv4: { healthy: true } } })
  t.equal((await ask(port, '/other')).code, 404)
  t.match(metrics.registry.expose(), /kubeproxy_proxy_livez_total\{code="503"\} 1/)
})

t.test('the metrics port tells metrics, mode and health', async (t) => {
  const at = { host: '127.0.0.1', port: 0 }
  const port = portOf(t, await serveMetrics(at, createMetrics(), 'kemu-netns'))
  t.equal((await ask(port, '/proxyMode')).text, 'kemu-netns')
  t.equal((await ask(port, '/healthz')).text, 'ok')
  t.match(
    (await ask(port, '/metrics')).text,
    /# TYPE kubeproxy_sync_proxy_rules_duration_seconds histogram/,
  )
})

t.test("a service's health check says whether this node has endpoints", async (t) => {
  const host = '127.235.0.10'
  const failures: string[] = []
  const checks = new ServiceHealth([host], {
    health: new ProxyHealth(systemClock),
    nodeName: 'n1',
    onFailure: (_, message) => failures.push(message),
  })
  t.teardown(() => checks.close())
  await checks.apply('default/web', { port: 32_001, localEndpoints: 2 })
  const here = await ask(32_001, '/', host)
  t.equal(here.code, 200)
  t.equal(here.headers['x-load-balancing-endpoint-weight'], '2')
  t.same(JSON.parse(here.text), {
    service: { namespace: 'default', name: 'web' },
    localEndpoints: 2,
    serviceProxyHealthy: true,
  })
  await checks.apply('default/web', { port: 32_001, localEndpoints: 0 })
  t.equal((await ask(32_001, '/', host)).code, 503)
  await checks.apply('default/other', { port: 32_001, localEndpoints: 1 })
  t.match(
    failures[0],
    /^node n1 failed to start healthcheck "default\/other" on port 32001: .*EADDR/,
  )
  await checks.apply('default/web', undefined)
  await t.rejects(ask(32_001, '/', host), { code: 'ECONNREFUSED' })
})
