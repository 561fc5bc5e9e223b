import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { runServer, seenFromPod } from '../support/pod-addresses.ts'
import { needs } from '../support/programs.ts'

t.setTimeout(1_200_000)

const skip =
  process.getuid?.() === 0
    ? needs('kubectl', 'ip', 'nft')
    : 'needs root: it looks into the namespaces of the fabric and of the machine'

/** An address of each node's own pod CIDR that no pod has: only others may send packets for it to that node. */
const unheldAtHome: Readonly<Record<string, string>> = {
  master: '10.244.0.222',
  worker1: '10.244.1.222',
}
/** Addresses of the emulated networks that nobody has, anywhere. */
const unheld = ['10.244.77.7', '10.96.99.99', '10.111.222.33']

/** Counts what crosses the fabric's bridge to emulated addresses: nothing passes between hosts, or out, but by it. */
const counters = `
table bridge leaks {
  counter pods { }
  counter nobody { }
  chain seen {
    type filter hook prerouting priority -300;
    ip daddr { ${[...unheld, ...Object.values(unheldAtHome)].join(', ')} } counter name nobody
    ip daddr 10.96.0.0/12 counter name nobody
    ip daddr 10.244.0.0/16 counter name pods
  }
}
`

interface RouteJson {
  readonly type?: string
  readonly dst: string
}

t.test('packets for emulated addresses that nobody holds go nowhere', { skip }, async (t) => {
  const before = emulatedRoutes()
  const cluster = await TestCluster.start({ hosts: 2, args: ['--network=netns'] })
  t.teardown(() => cluster.remove())
  const { holder } = JSON.parse(
    readFileSync(join(cluster.directory, 'fabric/fabric.json'), 'utf8'),
  ) as { holder: number }
  const onFabric = (words: string[], input?: string): string => {
    const enter = ['--target', String(holder), '--net', ...words]
    const { status, stdout, stderr } = spawnSync('nsenter', enter, { input, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
    return stdout
  }
  const packets = (counter: string): number => {
    const text = onFabric(['nft', 'list', 'counter', 'bridge', 'leaks', counter])
    return Number(/packets (\d+)/.exec(text)![1])
  }
  onFabric(['nft', '-f', '-'], counters)
  const near = await runServer(cluster, 'near', { nodeName: 'worker1' })
  await runServer(cluster, 'far', { nodeName: 'master' })
  await t.test('from pods and hosts nothing leaves its host', async (t) => {
    await seenFromPod(cluster, 'far', near)
    t.ok(packets('pods') > 0, 'what one pod says to another is counted')
    const places = [
      { host: 'master', pod: 'far' },
      { host: 'worker1', pod: 'near' },
    ]
    for (const { host, pod } of places) {
      const addresses = [...unheld, unheldAtHome[host]!]
      const program = [process.execPath, '-e', tryToReach(addresses)]
      t.equal(await cluster.kemuSucceeds('enter', host, ...program), '', 'no answer')
      for (const address of addresses) {
        const words = ['exec', pod, '--', '/agnhost', 'connect', '--timeout=500ms', `${address}:80`]
        t.not((await cluster.tryKubectl(...words)).code, 0, `${address} answers nobody`)
      }
    }
    t.equal(packets('nobody'), 0)
  })

  await t.test('the fabric has no way out', async (t) => {
    for (const address of [...unheld, ...Object.values(unheldAtHome), '192.0.2.1', '8.8.8.8'])
      t.throws(() => onFabric(['ip', 'route', 'get', address]), address)
    const links = JSON.parse(onFabric(['ip', '-json', 'link', 'show'])) as { ifname: string }[]
    const names = links.map(({ ifname }) => ifname.replace(/@.*/, ''))
    t.same(names.sort(), ['br0', 'lo', 'v-master', 'v-worker1'])
  })

  await t.test('the machine itself gets no route into the cluster', (t) => {
    t.same(
      emulatedRoutes().filter((route) => !before.includes(route)),
      [],
    )
    const links = spawnSync('ip', ['-json', 'link', 'show'], { encoding: 'utf8' }).stdout
    t.notMatch(links, /"v-(master|worker1)"/)
    t.end()
  })

  await t.test('an address that a pod had goes nowhere when the pod is gone', async (t) => {
    await cluster.kubectl('delete', 'pod', 'near', '--grace-period=0', '--force')
    await eventually('the pod is gone from its host', async () =>
      (await cluster.kemuSucceeds('enter', 'worker1', 'ip', 'route')).includes(`${near} dev`)
        ? undefined
        : true,
    )
    const outcome = await cluster.kemu('enter', 'worker1', 'ip', 'route', 'get', near)
    t.not(outcome.code, 0, outcome.stdout)
  })
})

/** Routes of the machine's own namespace to emulated addresses; others than kemu may have laid some. */
function emulatedRoutes(): string[] {
  const { stdout } = spawnSync('ip', ['-json', 'route', 'show', 'table', 'all'], {
    encoding: 'utf8',
  })
  const emulated = /^10\.(244|9[6-9]|10\d|11[01])\./
  return (JSON.parse(stdout) as RouteJson[])
    .filter(({ dst, type }) => type !== 'blackhole' && emulated.test(dst))
    .map((route) => JSON.stringify(route))
}

/** A program that tries TCP and UDP, says who answered, and waits for nobody for long. */
function tryToReach(addresses: readonly string[]): string {
  return `
    const { connect } = require('net'), { createSocket } = require('dgram')
    for (const host of ${JSON.stringify(addresses)}) {
      const answered = () => console.log('an answer from', host)
      createSocket('udp4').on('error', () => {}).on('message', answered).send('lost', 53, host, () => {})
      connect({ host, port: 80 }).on('error', () => {}).on('connect', answered)
    }
    setTimeout(() => process.exit(0), 500)`
}
