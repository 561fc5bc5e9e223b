import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { KernelNetwork } from './kernel-network.ts'
import type { RunIproute } from './kernel-network.ts'
import { concerns } from './link-watch.ts'
import { parseNetConf } from './net-conf.ts'
import type { NodePlace } from './node-place.ts'
import { planNetwork } from './plan.ts'
import type { NetworkPlan } from './plan.ts'

t.setTimeout(120_000)

/** A network namespace that nothing leads out of: blackholes first. */
const setUp =
  'ip link set lo up && ip route add blackhole 10.0.0.0/8 metric 4000 && ' +
  'ip link add eth0 type veth peer name peer0 && ip address add 172.18.0.10/16 dev eth0 && ' +
  'ip link set eth0 up && ip link set peer0 up && echo ready && exec sleep 1000'
const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
const refusal = spawnSync('unshare', [...user, '--net', 'ip', 'link', 'set', 'lo', 'up'], {
  encoding: 'utf8',
})
const skip = refusal.status === 0 ? false : `needs network namespaces: ${refusal.stderr}`

async function namespace(): Promise<{ run: RunIproute; close: () => void }> {
  const holder = spawn('unshare', [...user, '--net', 'sh', '-c', setUp], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  const enter = [
    '--target',
    String(holder.pid),
    '--net',
    ...(user.length > 0 ? ['--user', '--preserve-credentials'] : []),
  ]
  const run: RunIproute = async (program, args, input) => {
    const { status, stdout, stderr } = spawnSync('nsenter', [...enter, program, ...args], {
      input,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  return { run, close: () => void holder.kill('SIGKILL') }
}

const self: NodePlace = { name: 'a', address: '172.18.0.10', podCidr: '10.244.0.0/24' }
const node = (n: number): NodePlace => ({
  name: `n${n}`,
  address: `172.18.0.${10 + n}`,
  podCidr: `10.244.${n}.0/24`,
})

void t.test(
  'the kernel ends up with exactly what is planned, whatever it held before',
  { skip },
  async (t) => {
    const { run, close } = await namespace()
    t.teardown(close)
    const kernel = new KernelNetwork(run)
    const apply = async (plan: NetworkPlan): Promise<boolean> =>
      kernel.apply('a', plan, await kernel.links())
    const underlay = (await kernel.links()).underlayOf(self.address)
    t.same(underlay, { device: 'eth0', prefixLength: 16, mtu: 1500 })
    t.equal((await kernel.links()).underlayOf('172.18.0.99'), undefined)
    const plan = (type: string, ...others: NodePlace[]): NetworkPlan =>
      planNetwork(
        parseNetConf(`{"Network":"10.244.0.0/16","Backend":{"Type":"${type}"}}`),
        self,
        others,
        underlay,
      )
    const routes = async (): Promise<string[]> =>
      (await run('ip', ['route', 'show', 'proto', '76'], ''))
        .trim()
        .split('\n')
        .map((line) => line.trim())

    t.ok(await apply(plan('host-gw', node(1), node(2))))
    t.same(await routes(), [
      'blackhole 10.244.0.0/16',
      '10.244.1.0/24 via 172.18.0.11 dev eth0',
      '10.244.2.0/24 via 172.18.0.12 dev eth0',
    ])
    t.notOk(await apply(plan('host-gw', node(1), node(2))), 'a new life finds nothing to do')

    await apply(plan('host-gw', { ...node(1), address: '172.18.0.77' }))
    t.same(await routes(), ['blackhole 10.244.0.0/16', '10.244.1.0/24 via 172.18.0.77 dev eth0'])

    await apply(plan('vxlan', node(1), node(2)))
    t.match(await routes(), [
      /blackhole/,
      /10\.244\.1\.0\/24 via 10\.244\.1\.0 dev vxlan\.1 onlink/,
      /2\.0\/24 via 10\.244\.2\.0/,
    ])
    const link = await run('ip', ['-d', 'link', 'show', 'vxlan.1'], '')
    t.match(link, /mtu 1450/)
    t.match(link, /vxlan id 1 local 172\.18\.0\.10 dev eth0 .*dstport 8472 nolearning/)
    t.match(
      await run('ip', ['neighbour', 'show', 'dev', 'vxlan.1'], ''),
      /10\.244\.2\.0 lladdr \S+ PERMANENT/,
    )
    t.match(
      await run('bridge', ['fdb', 'show', 'dev', 'vxlan.1'], ''),
      /dst 172\.18\.0\.12 .*self permanent/,
    )
    t.notOk(await apply(plan('vxlan', node(1), node(2))), 'a new life finds nothing to do')

    await apply(plan('vxlan', { ...node(2), address: '172.18.0.55' }))
    t.notMatch(await run('bridge', ['fdb', 'show', 'dev', 'vxlan.1'], ''), /172\.18\.0\.1[12]/)
    t.match(await run('bridge', ['fdb', 'show', 'dev', 'vxlan.1'], ''), /dst 172\.18\.0\.55/)
    t.notMatch(await run('ip', ['neighbour', 'show', 'dev', 'vxlan.1'], ''), /10\.244\.1\.0/)
    t.equal((await routes()).length, 2)

    await run('ip', ['link', 'delete', 'vxlan.1'], '')
    t.ok(await apply(plan('vxlan', node(1))), 'what somebody deleted is made again')
    t.match(await routes(), [/blackhole/, /dev vxlan\.1/])
    await run('ip', ['link', 'set', 'vxlan.1', 'mtu', '1300'], '')
    await run('ip', ['link', 'add', 'vxlan.9', 'type', 'vxlan', 'id', '9', 'dstport', '4789'], '')
    await apply(plan('vxlan', node(1)))
    t.match(await run('ip', ['link', 'show', 'vxlan.1'], ''), /mtu 1450/)
    t.ok(await run('ip', ['link', 'show', 'vxlan.9'], ''), "somebody else's device is left alone")

    await apply(plan('vxlan', node(1), node(2)))
    await apply(plan('host-gw', node(1)))
    t.same(await routes(), ['blackhole 10.244.0.0/16', '10.244.1.0/24 via 172.18.0.11 dev eth0'])
    await t.rejects(run('ip', ['link', 'show', 'vxlan.1'], ''), 'the tunnel of before is gone')
  },
)

void t.test('of all that the kernel tells only what is ours is looked at', (t) => {
  const concern = { devices: ['eth0', 'vxlan.1'], address: '172.18.0.10' }
  const yes = [
    'Deleted 10.244.1.0/24 via 172.18.0.11 dev eth0 proto 76 ',
    '2: eth0@if7: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN group default ',
    'Deleted 5: vxlan.1: <BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN group default ',
    '9: eth1    inet 172.18.0.10/16 brd 172.18.255.255 scope global eth1\\       valid_lft forever',
  ]
  const no = [
    '10.244.0.7 dev veth12345678 scope link ',
    'Deleted 10.244.0.7 dev veth12345678 scope link ',
    '8: veth12345678@NONE: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 link/ether ee:ee:ee:ee:ee:ee',
    'local 10.96.0.10 dev lo table local proto 75 scope host ',
    '',
  ]
  for (const line of yes) t.ok(concerns(line, concern), line)
  for (const line of no) t.notOk(concerns(line, concern), line)
  t.end()
})
