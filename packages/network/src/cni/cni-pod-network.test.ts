import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@kemu/base'
import t from 'tap'
import { LoopbackDriver } from '../pod/loopback.ts'
import { NetnsDriver } from '../pod/netns.ts'
import type { BuiltInDriver } from '../pod/built-in-driver.ts'
import type { NetworkedPod } from './capability-arguments.ts'
import { CniPodNetwork } from './cni-pod-network.ts'
import type { RunPlugin } from './plugin-process.ts'

const builtIn = (subnet: string, more: object[] = []): object => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    { type: 'pod-network', mtu: 1450, ipam: { type: 'host-local', ranges: [[{ subnet }]] } },
    ...more,
  ],
})

const bridge = { cniVersion: '1.0.0', name: 'other', plugins: [{ type: 'bridge' }] }

/** A runtime's pod network over a directory of its own. */
function world(t: Tap, driver: BuiltInDriver = new LoopbackDriver(1024)) {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-cni-'))
  const calls: string[] = []
  const answer = {
    result: { cniVersion: '1.0.0', ips: [{ address: '10.1.0.2/24' }] } as object,
    fails: '',
  }
  const runPlugin: RunPlugin = async (type, { command, namespacePath }) => {
    calls.push(`${command} ${type} ${namespacePath}`)
    if (answer.fails === command) throw new Error(`${type} is out of order`)
    return command === 'ADD' ? JSON.stringify(answer.result) : ''
  }
  const open = (): CniPodNetwork => {
    const network = new CniPodNetwork({
      logger: silentLogger,
      driver,
      runPlugin,
      pluginDirs: ['/opt/cni/bin'],
      configurationDir: join(dir, 'etc/cni/net.d'),
      stateDir: join(dir, 'lib'),
    })
    network.start()
    t.teardown(() => network.close())
    return network
  }
  t.teardown(() => rmSync(dir, { recursive: true }))
  /** As a DaemonSet does it: a reader never sees half a file. */
  const configure = (name: string, content: object | string): void => {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    writeFileSync(join(dir, 'draft'), text)
    renameSync(join(dir, 'draft'), join(dir, 'etc/cni/net.d', name))
  }
  return {
    dir,
    open,
    configure,
    calls,
    answer,
    remove: (name: string) => rmSync(join(dir, 'etc/cni/net.d', name)),
  }
}

type Tap = Pick<typeof t, 'teardown'>

const pod = (sandboxId: string): NetworkedPod => ({
  sandboxId,
  namespace: 'default',
  name: sandboxId,
  uid: `uid-${sandboxId}`,
  annotations: {},
  hostPorts: [],
  dns: undefined,
  cgroupParent: '',
})

async function joined(network: CniPodNetwork, id: string, path = ''): Promise<readonly string[]> {
  return (await (await network.join(pod(id))).complete(path)).addresses
}

/** Resolves when the network says what is wanted; the kernel's notice of the file is what it waits for. */
async function eventually(satisfied: () => boolean): Promise<void> {
  while (!satisfied()) await new Promise((done) => setTimeout(done, 2))
}

void t.test('until a configuration is there the network says what containerd says', async (t) => {
  const { dir, open, configure, remove } = world(t)
  const network = open()
  t.same(network.notReady(), {
    reason: 'NetworkPluginNotReady',
    message: 'Network plugin returns error: cni plugin not initialized',
  })
  await t.rejects(network.join(pod('early')), /cni plugin not initialized/)
  t.match(network.describe()['lastCNILoadStatus'], /no network config found in .*net\.d/)
  configure('10-pods.conflist', builtIn('127.9.1.0/24'))
  t.equal(network.notReady(), undefined, 'who asks gets the truth before any notice')
  t.same(await joined(network, 'one'), ['127.9.1.2'])
  remove('10-pods.conflist')
  await eventually(() => network.notReady() !== undefined)
  rmSync(join(dir, 'etc/cni/net.d'), { recursive: true })
  t.match(network.notReady(), { reason: 'NetworkPluginNotReady' }, 'also without the directory')
  mkdirSync(join(dir, 'etc/cni/net.d'))
  configure('10-pods.conflist', builtIn('127.9.1.0/24'))
  t.equal(network.notReady(), undefined)
})

void t.test(
  'the first file by name decides; a broken one is told and used by nobody',
  async (t) => {
    const { open, configure } = world(t, new NetnsDriver(async () => undefined))
    const network = open()
    configure('20-other.conflist', bridge)
    t.equal(network.notReady(), undefined)
    t.equal(
      (JSON.parse(network.describe()['cniconfig']!) as { Networks: object[] }).Networks.length,
      2,
    )
    configure('10-pods.conflist', '{')
    await eventually(() => network.notReady() !== undefined)
    t.match(network.describe()['lastCNILoadStatus'], /10-pods\.conflist: error parsing/)
    configure('10-pods.conflist', builtIn('10.244.1.0/24'))
    await eventually(() => network.notReady() === undefined)
    t.equal(network.describe()['lastCNILoadStatus'], 'OK')
    t.same(await joined(network, 'one'), ['10.244.1.2'])
  },
)

void t.test('addresses outlive the runtime, and what a crash left is given back', async (t) => {
  const { open, configure } = world(t)
  const before = open()
  configure('10-pods.conflist', builtIn('127.9.1.0/24'))
  t.equal(before.notReady(), undefined)
  t.same(await joined(before, 'one'), ['127.9.1.2'])
  await joined(before, 'two')
  const after = open()
  t.same(await joined(after, 'one'), ['127.9.1.2'])
  await after.retain(new Set(['one']))
  t.same(await joined(open(), 'three'), ['127.9.1.4'])
  t.equal(after.reachablePort(80), 20_080)
  t.equal(after.reachablePort(8080), 8080)
})

void t.test('what the built-in plugin cannot do is refused by name', (t) => {
  const { open, configure } = world(t)
  const network = open()
  const refusal = (list: object): string => {
    configure('10-pods.conflist', list)
    network.notReady()
    return network.notReady()?.message ?? 'ready'
  }
  t.match(refusal(builtIn('fd00::/64')), /one range with an IPv4 subnet/)
  t.match(refusal(bridge), /need network namespaces, and this host has none/)
  t.match(
    refusal({ ...bridge, plugins: [{ type: 'x' }, { type: 'pod-network' }] }),
    /must be the first/,
  )
  const dhcp = {
    cniVersion: '1.0.0',
    name: 'a',
    plugins: [{ type: 'pod-network', ipam: { type: 'dhcp' } }],
  }
  t.match(refusal(dhcp), /ipam.type must be "host-local", not "dhcp"/)
  t.equal(refusal(builtIn('127.9.1.0/24')), 'ready')
  t.end()
})

void t.test('a subnet that the driver cannot serve makes the network unready', async (t) => {
  const { open, configure } = world(t)
  const network = open()
  configure('10-pods.conflist', builtIn('10.244.1.0/24'))
  network.notReady()
  await t.rejects(network.join(pod('one')), /not within 127/)
  t.match(network.notReady()?.message, /not within 127/)
})

void t.test(
  'plugins that are programs join, leave by the configuration of their joining, and are remembered',
  async (t) => {
    const { dir, open, configure, calls, answer } = world(t, new NetnsDriver(async () => undefined))
    const network = open()
    configure('10-other.conflist', bridge)
    network.notReady()
    t.same(await joined(network, 'one', '/proc/5/ns/net'), ['10.1.0.2'])
    t.same(readdirSync(join(dir, 'lib/results')), ['other-one-eth0'])
    const kept = JSON.parse(readFileSync(join(dir, 'lib/results/other-one-eth0'), 'utf8')) as object
    t.match(kept, { kind: 'cniCacheV1', containerId: 'one', ifName: 'eth0', networkName: 'other' })
    t.match(network.describePod('one', ''), { Interfaces: {} })
    configure('05-pods.conflist', builtIn('10.244.1.0/24'))
    const next = open()
    await next.check('one', '/proc/5/ns/net')
    await next.leave('one', '/proc/5/ns/net')
    t.same(calls, [
      'ADD bridge /proc/5/ns/net',
      'CHECK bridge /proc/5/ns/net',
      'DEL bridge /proc/5/ns/net',
    ])
    t.same(readdirSync(join(dir, 'lib/results')), [])
    await next.leave('one', '')
    t.equal(calls.length, 3, 'leaving twice asks nobody')
    answer.fails = 'ADD'
    configure('05-pods.conflist', bridge)
    const third = open()
    await t.rejects(joined(third, 'two', '/proc/6/ns/net'), /bridge is out of order/)
    t.same(readdirSync(join(dir, 'lib/results')), ['other-two-eth0'], 'half an ADD is to be undone')
    await open().retain(new Set())
    t.equal(calls.at(-1), 'DEL bridge ')
  },
)

void t.test('programs behind the built-in plugin get its result', async (t) => {
  const { open, configure, calls } = world(t, new NetnsDriver(async () => undefined))
  const network = open()
  const chain = [{ type: 'portmap', capabilities: { portMappings: true } }, { type: 'bandwidth' }]
  configure('10-pods.conflist', builtIn('10.244.1.0/24', chain))
  network.notReady()
  const join = await network.join(pod('one'))
  t.match(join.attachment, { kind: 'namespace', podBatch: /mtu 1450/ })
  await join.complete('/proc/5/ns/net')
  t.same(calls, ['ADD bandwidth /proc/5/ns/net'], 'portmap is the runtime’s own here')
  t.ok(network.opensHostPorts('one'))
  await network.leave('one', '/proc/5/ns/net')
  network.release('one')
  t.same(calls.at(-1), 'DEL bandwidth /proc/5/ns/net')
})
