import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { Server } from 'node:http'
import t from 'tap'
import { endpointSlices, nodes, services } from '@kemu/api'
import type { Node } from '@kemu/api'
import { Closers, seededRandom, silentLogger, sleep, systemClock } from '@kemu/base'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { parseConfig } from './config.ts'
import { startProxy } from './server.ts'

const block = '127.236'
const clusterIp = `${block}.64.30`
const replicas = 3
const rollouts = 5

const conditions = {
  live: { ready: true, serving: true, terminating: false },
  ending: { ready: false, serving: true, terminating: true },
}

/** A server that ends as a good one does: stops listening, finishes what it has. */
async function startPod(address: string): Promise<Server> {
  const server = createServer((_, response) => response.end(address))
  server.listen(8001, address)
  await once(server, 'listening')
  return server
}

/** One request on a connection of its own; what went wrong, if anything. */
function request(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const outgoing = get({ host: clusterIp, port: 8080, agent: false }, (response) => {
      response.resume().on('end', () => resolve(undefined))
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

t.test('five rollouts under a steady stream of requests, and not one fails', async (t) => {
  const closers = new Closers()
  t.teardown(() => closers.close())
  const client = new Client(new MemoryTransport())
  const slices = client.resource(endpointSlices, 'default')
  await client.resource(nodes).create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    status: { addresses: [{ type: 'InternalIP', address: `${block}.0.10` }] },
  } as unknown as Node)
  await client.resource(services, 'default').create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: clusterIp, ports: [{ port: 8080 }] },
    status: {},
  })

  let pods: string[] = []
  const running = new Map<string, Server>()
  let slice = await slices.create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'web-1',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    addressType: 'IPv4',
    ports: [{ port: 8001 }],
    endpoints: [],
  })
  const tell = async (ending: readonly string[] = []): Promise<void> => {
    const live = pods.map((address) => ({ addresses: [address], conditions: conditions.live }))
    const gone = ending.map((address) => ({ addresses: [address], conditions: conditions.ending }))
    slice = await slices.update({ ...slice, endpoints: [...live, ...gone] })
  }
  const add = async (address: string): Promise<void> => {
    running.set(address, await startPod(address))
    closers.defer(() => void running.get(address)?.close())
    pods.push(address)
    await tell()
  }
  for (let i = 0; i < replicas; i++) await add(`${block}.128.${10 + i}`)

  const config = parseConfig(
    {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      clusterCIDR: `${block}.128.0/17`,
      iptables: { localhostNodePorts: false },
    },
    'test',
  )
  const deps = { client, clock: systemClock, random: seededRandom(2), logger: silentLogger }
  await startProxy({ config, nodeName: 'n1', gatewaySocket: '/nonexistent' }, { ...deps, closers })

  const failures: string[] = []
  const waiting = new Set<Promise<void>>()
  const load = systemClock.setPeriodic(5, () => {
    const one: Promise<void> = request().then((failure) => {
      if (failure !== undefined) failures.push(failure)
      waiting.delete(one)
    })
    waiting.add(one)
  })
  for (let round = 1; round <= rollouts; round++) {
    for (let i = 0; i < replicas; i++) {
      await add(`${block}.${128 + round}.${10 + i}`)
      const old = pods.shift()!
      // As in a cluster, the server hears of its end before or after the proxy does.
      if (i % 2 === 0) running.get(old)!.close()
      await tell([old])
      if (i % 2 === 1) running.get(old)!.close()
      await sleep(systemClock, 40)
      await tell()
    }
  }
  load.cancel()
  await Promise.all(waiting)
  t.same(failures, [])
})
