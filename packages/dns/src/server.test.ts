import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as dnsPacket from 'dns-packet'
import t from 'tap'
import type { Test } from 'tap'
import { endpointSlices, namespaces, services } from '@kemu/api'
import type { EndpointSlice, Namespace, Service } from '@kemu/api'
import { MetricsRegistry, seededRandom, silentLogger, systemClock } from '@kemu/base'
import { Client } from '@kemu/client'
import { MemoryTransport } from '@kemu/client/memory'
import { DnsServer } from './server.ts'

const host = '127.233.0.53'
const port = 5353

function corefile(more = ''): string {
  return `.:${port} {
  errors
  health :8080
  ready :8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
    ttl 30
  }
  prometheus :9153
  cache 30 {
    disable success cluster.local
    disable denial cluster.local
  }
  reload
  loadbalance
  ${more}
}
`
}

/** A server on a cluster in memory. */
async function world(t: Test, text = corefile()) {
  const transport = new MemoryTransport()
  const client = new Client(transport)
  const dir = mkdtempSync(join(tmpdir(), 'kemu-dns-'))
  const file = join(dir, 'Corefile')
  writeFileSync(file, text)
  await client.resource(namespaces).create(namespace('default'))
  const server = new DnsServer(
    { corefile: file, defaultPort: 53, env: {} },
    {
      clock: systemClock,
      random: seededRandom(5),
      logger: silentLogger,
      metrics: new MetricsRegistry(),
      place: { host, port: (port) => port, ownAddresses: [host] },
      connect: () => new Client(transport),
      fatal: (message) => t.fail(message),
    },
  )
  t.teardown(async () => {
    await server.close()
    rmSync(dir, { recursive: true })
  })
  const start = async (): Promise<void> => server.start()
  const rewrite = (text: string): void => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  return {
    start,
    rewrite,
    namespaces: client.resource(namespaces),
    services: client.resource(services, 'default'),
    slices: client.resource(endpointSlices, 'default'),
  }
}

function namespace(name: string) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as Namespace
}

function service(name: string, spec: Partial<Service['spec']>) {
  const metadata = { name, namespace: 'default' }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec, status: {} } as Service
}

function slice(name: string, endpoints: EndpointSlice['endpoints']) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints,
  } as unknown as EndpointSlice
}

type RecordType = dnsPacket.RecordType

function question(name: string, type: RecordType): Buffer {
  const flags = dnsPacket.RECURSION_DESIRED
  return dnsPacket.encode({ id: 3, type: 'query', flags, questions: [{ name, type }] })
}

async function overUdp(name: string, type: RecordType = 'A'): Promise<dnsPacket.DecodedPacket> {
  const socket = createSocket('udp4')
  socket.send(question(name, type), port, host)
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return dnsPacket.decode(bytes)
}

async function overTcp(name: string, type: RecordType = 'A'): Promise<dnsPacket.DecodedPacket> {
  const socket = connect({ host, port })
  const bytes = question(name, type)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  // Byte by byte: the server must not take a part for the whole.
  for (const byte of Buffer.concat([length, bytes])) socket.write(Buffer.from([byte]))
  let received = Buffer.alloc(0)
  while (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    received = Buffer.concat([received, chunk])
  }
  socket.destroy()
  return dnsPacket.decode(received.subarray(2))
}

function rcode(packet: dnsPacket.DecodedPacket): number {
  return packet.flags! & 0xf
}

function data(packet: dnsPacket.DecodedPacket): unknown[] {
  return packet.answers!.map((answer) => (answer as { data?: unknown }).data)
}

function page(at: number, path: string): Promise<{ code: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    get({ host, port: at, path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ code: response.statusCode, text }))
    }).on('error', reject)
  })
}

t.test('answers for services over UDP and TCP, and follows their changes', async (t) => {
  const w = await world(t)
  await w.start()
  t.equal(rcode(await overUdp('web.default.svc.cluster.local')), 3)
  const created = await w.services.create(service('web', { clusterIP: '10.96.0.20' }))
  for (;;) {
    const packet = await overUdp('web.default.svc.cluster.local')
    if (rcode(packet) === 3) continue
    t.same(data(packet), ['10.96.0.20'])
    t.equal(packet.flag_aa, true)
    break
  }
  t.same(data(await overTcp('WEB.default.svc.cluster.local')), ['10.96.0.20'])
  t.same(data(await overUdp('20.0.96.10.in-addr.arpa', 'PTR')), ['web.default.svc.cluster.local'])
  await w.services.delete(created.metadata.name)
  while (rcode(await overUdp('web.default.svc.cluster.local')) !== 3);
  t.pass('gone with the service')
  await w.services.create(service('web', { clusterIP: '10.96.0.21' }))
  while (rcode(await overUdp('web.default.svc.cluster.local')) === 3);
  t.same(data(await overUdp('web.default.svc.cluster.local')), ['10.96.0.21'])
  await w.namespaces.delete('default')
  while (rcode(await overUdp('web.default.svc.cluster.local')) !== 3);
  t.pass('gone with its namespace')
})

t.test('a headless service is its ready endpoints, each with a name', async (t) => {
  const w = await world(t)
  const ready = [
    { addresses: ['10.244.1.7'], hostname: 'db-0' },
    { addresses: ['10.244.1.8'], conditions: { ready: false } },
    { addresses: ['10.244.1.9'] },
  ]
  await w.services.create(service('db', { clusterIP: 'None' }))
  await w.slices.create(slice('db', ready))
  await w.start()
  const all = await overUdp('db.default.svc.cluster.local')
  t.same(data(all).map(String).sort(), ['10.244.1.7', '10.244.1.9'])
  t.same(data(await overUdp('db-0.db.default.svc.cluster.local')), ['10.244.1.7'])
  t.same(data(await overUdp('10-244-1-9.db.default.svc.cluster.local')), ['10.244.1.9'])
  const srv = await overUdp('_sql._tcp.db.default.svc.cluster.local', 'SRV')
  const targets = srv.answers!.map((a) => (a as dnsPacket.SrvAnswer).data)
  t.same(targets.map(({ port, weight, target }) => `${port} ${weight} ${target}`).sort(), [
    '5432 50 10-244-1-9.db.default.svc.cluster.local',
    '5432 50 db-0.db.default.svc.cluster.local',
  ])
  t.equal(srv.additionals!.length, 2)
})

t.test('an answer that is too long for UDP is cut, and whole over TCP', async (t) => {
  const w = await world(t)
  const many = Array.from({ length: 60 }, (_, i) => ({ addresses: [`10.244.3.${i + 1}`] }))
  await w.services.create(service('many', { clusterIP: 'None' }))
  await w.slices.create(slice('many', many))
  await w.start()
  t.equal((await overUdp('many.default.svc.cluster.local')).flag_tc, true)
  t.equal((await overTcp('many.default.svc.cluster.local')).answers!.length, 60)
})

t.test(
  'names that lead elsewhere: inside they are followed, outside nobody is asked',
  async (t) => {
    const w = await world(t)
    const external = (externalName: string) => ({ type: 'ExternalName', externalName })
    await w.services.create(service('web', { clusterIP: '10.96.0.20' }))
    await w.services.create(service('alias', external('web.default.svc.cluster.local')))
    await w.services.create(service('loop', external('loop.default.svc.cluster.local')))
    await w.services.create(service('out', external('db.example.com')))
    await w.start()
    t.same(data(await overUdp('alias.default.svc.cluster.local')), [
      'web.default.svc.cluster.local',
      '10.96.0.20',
    ])
    t.same(data(await overUdp('loop.default.svc.cluster.local')), [])
    t.same(data(await overUdp('out.default.svc.cluster.local')), ['db.example.com'])
    t.equal(rcode(await overUdp('example.com')), 2, 'SERVFAIL: there is no next plugin')
  },
)

t.test(
  'forwards what is not its own to the server that the Corefile names, and only that',
  async (t) => {
    const upstream = createSocket('udp4').bind(5354, '127.233.0.54')
    await once(upstream, 'listening')
    t.teardown(() => upstream.close())
    const asked: string[] = []
    upstream.on('message', (bytes, from) => {
      const { id, questions } = dnsPacket.decode(bytes)
      asked.push(questions![0]!.name)
      const { name } = questions![0]!
      const answers = [{ type: 'A' as const, name, ttl: 60, data: '192.0.2.1' }]
      const packet = { id, type: 'response' as const, questions, answers }
      upstream.send(dnsPacket.encode(packet), from.port, from.address)
    })
    const w = await world(t, corefile('forward . 127.233.0.54:5354'))
    await w.start()
    t.same(data(await overUdp('example.com')), ['192.0.2.1'])
    t.same(data(await overUdp('EXAMPLE.com')), ['192.0.2.1'])
    t.equal(rcode(await overUdp('nope.default.svc.cluster.local')), 3)
    t.same(asked, ['example.com'], 'the second from the cache, the third never')
  },
)

t.test('a changed Corefile takes effect; a wrong one does not', async (t) => {
  const w = await world(t)
  await w.start()
  w.rewrite(corefile('template ANY ANY example.com {\n rcode NXDOMAIN\n }'))
  while (rcode(await overUdp('a.example.com')) !== 3);
  w.rewrite(corefile('nonsense'))
  w.rewrite(corefile('template ANY ANY example.org {\n rcode NXDOMAIN\n }'))
  while (rcode(await overUdp('a.example.org')) !== 3);
  t.equal(rcode(await overUdp('a.example.com')), 2)
})

t.test('tells its health, readiness and counts', async (t) => {
  const w = await world(t)
  await w.start()
  await overUdp('kubernetes.default.svc.cluster.local')
  t.same(await page(8080, '/health'), { code: 200, text: 'OK' })
  t.same(await page(8181, '/ready'), { code: 200, text: 'OK' })
  const { text } = await page(9153, '/metrics')
  t.match(
    text,
    /coredns_dns_requests_total\{server="dns:\/\/:5353",zone="\.",view="",proto="udp",family="1",type="A"\} 1/,
  )
  t.match(text, /coredns_dns_responses_total\{.*rcode="NXDOMAIN",plugin="kubernetes"\} 1/)
})

t.test('refuses what it does not emulate, with file and line', async (t) => {
  const table: [string, RegExp][] = [
    ['hosts', /Corefile:16 - .*Directive 'hosts' is not emulated/],
    ['nonsense', /Corefile:16 - .*Unknown directive 'nonsense'/],
    ['forward . tls://9.9.9.9', /only dns:\/\/ is emulated/],
    ['forward . 9.9.9.9 {\n expire 5s\n }', /Corefile:17 - .*property 'expire' is not emulated/],
    ['errors', /this plugin can only be used once per Server Block/],
    ['template ANY ANY {\n answer "x"\n }', /property 'answer' of template is not emulated/],
  ]
  for (const [text, message] of table) {
    const w = await world(t, corefile(text))
    await t.rejects(w.start(), { message }, text)
  }
})
