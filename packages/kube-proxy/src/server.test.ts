import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { endpointSlices, nodes, services } from '@kemu/api'
import type { EndpointSlice, Node, Service } from '@kemu/api'
import { Closers, seededRandom, silentLogger, systemClock } from '@kemu/base'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { parseConfig } from './config.ts'
import { startProxy } from './server.ts'

/** Each test file that opens loopback addresses takes a block of its own. */
const block = '127.231'

function proxyConfig() {
  const document = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clusterCIDR: `${block}.128.0/17`,
  }
  return parseConfig(document, 'test')
}

function nodeDraft(name: string, address: string) {
  const status = { addresses: [{ type: 'InternalIP', address }] }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {}, status } as unknown as Node
}

function serviceDraft(name: string, spec: Partial<Service['spec']>) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { clusterIP: `${block}.64.20`, ports: [{ port: 8001, protocol: 'TCP' }], ...spec },
    status: {},
  } as unknown as Service
}

function sliceDraft(service: string, port: number, addresses: string[], protocol = 'TCP') {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: service,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [{ port, protocol }],
    endpoints: addresses.map((address) => ({ addresses: [address] })),
  } as unknown as EndpointSlice
}

/** A cluster in memory, and real sockets around it. */
function world(t: Test) {
  const transport = new MemoryTransport()
  const client = new Client(transport)
  const closers = new Closers()
  t.teardown(() => closers.close())
  const start = async (nodeName: string, address: string): Promise<Closers> => {
    await client.resource(nodes).create(nodeDraft(nodeName, address))
    const own = new Closers()
    closers.defer(() => own.close())
    const deps = { client, clock: systemClock, random: seededRandom(1), logger: silentLogger }
    const options = { config: proxyConfig(), nodeName, gatewaySocket: '/nonexistent' }
    await startProxy(options, { ...deps, closers: own })
    return own
  }
  const backend = async (address: string, port: number, answer = address): Promise<Server> => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', () => socket.end(answer))
    })
    server.listen(port, address)
    await once(server, 'listening')
    closers.defer(() => void server.close())
    return server
  }
  return {
    start,
    backend,
    closers,
    services: client.resource(services, 'default'),
    slices: client.resource(endpointSlices, 'default'),
  }
}

/** What the other end says; 'ECONNREFUSED' and the like where it says nothing. */
function ask(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host: address, port }, () => socket.write('?'))
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => resolve(text))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
}

async function askUntil(address: string, port: number, wanted: string): Promise<void> {
  while ((await ask(address, port)) !== wanted) await new Promise((r) => setImmediate(r))
}

t.test('a service answers on its cluster address and its node port', async (t) => {
  const w = world(t)
  await w.backend(`${block}.128.2`, 8001, 'one')
  const web = serviceDraft('web', { type: 'NodePort', ports: [{ port: 80_01, nodePort: 31_001 }] })
  await w.services.create(web)
  await w.slices.create(sliceDraft('web', 8001, [`${block}.128.2`]))
  await w.start('n1', `${block}.0.10`)
  await askUntil(`${block}.64.20`, 8001, 'one')
  t.equal(await ask(`${block}.0.10`, 31_001), 'one')
  t.equal(await ask('127.0.0.1', 31_001), 'one', 'localhost NodePort')
})

t.test('a service without endpoints refuses, and answers as soon as it has one', async (t) => {
  const w = world(t)
  await w.backend(`${block}.128.3`, 8001, 'late')
  await w.services.create(serviceDraft('web', {}))
  await w.start('n1', `${block}.0.10`)
  t.equal(await ask(`${block}.64.20`, 8001), 'ECONNREFUSED')
  await w.slices.create(sliceDraft('web', 8001, [`${block}.128.3`]))
  await askUntil(`${block}.64.20`, 8001, 'late')
  await w.services.delete('web')
  await askUntil(`${block}.64.20`, 8001, 'ECONNREFUSED')
})

t.test('an endpoint that refuses is passed by', async (t) => {
  const w = world(t)
  await w.backend(`${block}.128.4`, 8001, 'alive')
  await w.services.create(serviceDraft('web', {}))
  await w.slices.create(
    sliceDraft('web', 8001, [`${block}.128.5`, `${block}.128.4`, `${block}.128.6`]),
  )
  await w.start('n1', `${block}.0.10`)
  await askUntil(`${block}.64.20`, 8001, 'alive')
  for (let i = 0; i < 20; i++) t.equal(await ask(`${block}.64.20`, 8001), 'alive')
})

t.test('a request that a dying endpoint never read is given to another', async (t) => {
  const w = world(t)
  const resetting = createServer({ pauseOnConnect: true }, (socket) => socket.resetAndDestroy())
  resetting.listen(8001, `${block}.128.7`)
  await once(resetting, 'listening')
  w.closers.defer(() => void resetting.close())
  await w.backend(`${block}.128.8`, 8001, 'alive')
  await w.services.create(serviceDraft('web', {}))
  await w.slices.create(sliceDraft('web', 8001, [`${block}.128.7`, `${block}.128.8`]))
  await w.start('n1', `${block}.0.10`)
  await askUntil(`${block}.64.20`, 8001, 'alive')
  for (let i = 0; i < 20; i++) t.equal(await ask(`${block}.64.20`, 8001), 'alive')
})

t.test('one of several proxies serves the shared addresses, and another takes over', async (t) => {
  const w = world(t)
  await w.backend(`${block}.128.9`, 8001, 'one')
  await w.services.create(
    serviceDraft('web', { type: 'NodePort', ports: [{ port: 8001, nodePort: 31_001 }] }),
  )
  await w.slices.create(sliceDraft('web', 8001, [`${block}.128.9`]))
  const first = await w.start('n1', `${block}.0.10`)
  await w.start('n2', `${block}.0.11`)
  await askUntil(`${block}.64.20`, 8001, 'one')
  t.equal(await ask(`${block}.0.10`, 31_001), 'one')
  t.equal(await ask(`${block}.0.11`, 31_001), 'one')
  await first.close()
  await askUntil(`${block}.64.20`, 8001, 'one')
  t.equal(await ask(`${block}.0.10`, 31_001), 'ECONNREFUSED', "the dead one's node port is gone")
})

t.test('datagrams find an endpoint and their way back', async (t) => {
  const w = world(t)
  const echo = createSocket('udp4').bind(5353, `${block}.128.10`)
  await once(echo, 'listening')
  w.closers.defer(() => void echo.close())
  echo.on('message', (datagram, from) => echo.send(`${String(datagram)}!`, from.port, from.address))
  await w.services.create(serviceDraft('dns', { ports: [{ port: 5353, protocol: 'UDP' }] }))
  // One of the two is not there: the first datagram must not be lost for that.
  const addresses = [`${block}.128.11`, `${block}.128.10`]
  await w.slices.create(sliceDraft('dns', 5353, addresses, 'UDP'))
  await w.start('n1', `${block}.0.10`)
  for (let i = 0; i < 10; i++) {
    const client = createSocket('udp4')
    client.send(`hello ${i}`, 5353, `${block}.64.20`)
    const [answer] = (await once(client, 'message')) as [Buffer]
    t.equal(String(answer), `hello ${i}!`)
    client.close()
  }
})
