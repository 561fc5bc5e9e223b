import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ownNetwork, RuntimeFixture, waitFor } from './testing/runtime-fixture.ts'

// Real processes on a machine that may be busy: the file's default of 30 s is for pure tests.
t.setTimeout(1_200_000)

/** Where the plugins of the CNI project may lie (Debian's containernetworking-plugins: /usr/lib/cni). */
const places = [process.env['CNI_PATH'] ?? '', '/opt/cni/bin', '/usr/lib/cni']
const plugins = places.find((dir) => dir !== '' && existsSync(join(dir, 'host-local')))
const [unshare = '', ...words] = ownNetwork()
const refusal = spawnSync(unshare, [...words, 'true'], { encoding: 'utf8' })

function missing(...programs: string[]): string | false {
  const absent = programs.filter((name) => spawnSync(name, ['-V']).error !== undefined)
  const sentence =
    plugins === undefined
      ? `needs CNI plugins (host-local) in one of ${places.filter((dir) => dir !== '').join(', ')}`
      : `needs ${absent.join(', ')} on PATH`
  if (plugins !== undefined && absent.length === 0 && refusal.status === 0) return false
  if (refusal.status !== 0) return `needs network namespaces: ${refusal.stderr ?? 'no unshare'}`
  if (process.env['CI']) throw new Error(`${sentence}; in CI no test is skipped`)
  return sentence
}

const web = [
  process.execPath,
  '-e',
  "require('http').createServer((q,r)=>r.end(process.env.HOSTNAME)).listen(8080,'0.0.0.0')",
]

const bridge = (cniVersion: string, ...more: object[]): object => ({
  cniVersion,
  name: 'mynet',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: '10.22.0.0/24' }]],
        routes: [{ dst: '0.0.0.0/0' }],
        dataDir: process.env['KEMU_TEST_IPAM'],
      },
    },
    ...more,
  ],
})

interface NetworkInfo {
  readonly cniResult: { readonly Interfaces: Record<string, { IPConfigs: { IP: string }[] }> }
  readonly pid: number
}

void t.test('real plugins', { skip: missing('iptables'), timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kemu-plugins-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const ownPlugins = join(folder, 'bin')
  const leases = join(folder, 'ipam')
  const runtime = new RuntimeFixture({
    isolation: 'auto',
    network: 'netns',
    cniBinDirs: [plugins!, ownPlugins],
  })
  process.env['KEMU_TEST_IPAM'] = leases
  t.teardown(() => runtime.close())
  await runtime.start()
  const insideHost = (...command: string[]): string =>
    spawnSync('nsenter', ['--target', String(runtime.pid), '--net', ...userFlags(), ...command], {
      encoding: 'utf8',
    }).stdout
  const leased = (): string[] =>
    existsSync(join(leases, 'mynet'))
      ? readdirSync(join(leases, 'mynet')).filter((name) => /^\d/.test(name))
      : []
  const addressOf = async (id: string): Promise<string> =>
    (await runtime.client.runtime.PodSandboxStatus({ podSandboxId: id })).status!.network!.ip
  const networkReady = async (): Promise<string | undefined> => {
    const { status } = await runtime.client.runtime.Status({})
    const network = status!.conditions.find(({ type }) => type === 'NetworkReady')!
    return network.status ? 'ready' : network.message
  }

  await t.test('without a configuration there is no network, and the pod is refused', async (t) => {
    t.equal(await networkReady(), 'Network plugin returns error: cni plugin not initialized')
    await t.rejects(
      runtime.runPod('early'),
      /failed to setup network for sandbox .*: cni plugin not initialized/,
    )
  })

  for (const version of ['0.3.1', '0.4.0', '1.0.0']) {
    await t.test(`bridge with host-local, as ${version} has it`, async (t) => {
      runtime.configureNetwork('10-mynet.conflist', bridge(version))
      await waitFor(async () => ((await networkReady()) === 'ready' ? true : undefined))
      const one = await runtime.runPod('one')
      const two = await runtime.runPod('two')
      await runtime.run(one, 'web', 'busybox', { command: web })
      const client = await runtime.shell(two, 'client', 'sleep 1000')
      const address = await addressOf(one.id)
      t.match(address, /^10\.22\.0\.\d+$/)
      t.equal(leased().length, 2)
      const answer = await waitFor(async () => {
        const { stdout, code } = await runtime.exec(
          client,
          'wget',
          '-qO-',
          `http://${address}:8080/`,
        )
        return code === 0 ? stdout : undefined
      })
      t.equal(answer, 'one')
      const { info } = await runtime.client.runtime.PodSandboxStatus({
        podSandboxId: one.id,
        verbose: true,
      })
      const { cniResult } = JSON.parse(info['info']!) as NetworkInfo
      t.equal(cniResult.Interfaces['eth0']?.IPConfigs[0]?.IP, address)
      await runtime.removePod(one.id)
      await runtime.removePod(two.id)
      t.same(leased(), [], 'DEL gave the addresses back')
      t.notMatch(insideHost('ip', '-o', 'link', 'show', 'type', 'veth'), /veth/)
    })
  }

  await t.test('portmap gets the host ports, bandwidth the annotations', async (t) => {
    const chain = [
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
      { type: 'bandwidth', capabilities: { bandwidth: true } },
    ]
    runtime.configureNetwork('10-mynet.conflist', bridge('1.0.0', ...chain))
    const pod = await waitFor(async () =>
      runtime.runPod('ports', {
        annotations: { 'kubernetes.io/ingress-bandwidth': '10M' },
        portMappings: [{ protocol: 'TCP', hostPort: 18_080, containerPort: 8080, hostIp: '' }],
      }),
    )
    const address = await addressOf(pod.id)
    t.match(
      insideHost('iptables', '-t', 'nat', '-S'),
      new RegExp(`--dport 18080 .*DNAT --to-destination ${address}:8080`),
    )
    t.match(insideHost('tc', 'qdisc', 'show'), /qdisc tbf .*rate 10Mbit/)
    await runtime.removePod(pod.id)
    t.notMatch(insideHost('iptables', '-t', 'nat', '-S'), /18080/)
  })

  await t.test(
    'a plugin that fails is heard, and the pod stays until the network lets it go',
    async (t) => {
      runtime.configureNetwork('10-mynet.conflist', bridge('1.0.0', { type: 'late-plugin' }))
      await waitFor(async () => {
        const { info } = await runtime.client.runtime.Status({ verbose: true })
        return info['cniconfig']!.includes('late-plugin') ? true : undefined
      })
      await t.rejects(
        runtime.runPod('broken'),
        /plugin type="late-plugin" failed \(add\): failed to find plugin "late-plugin" in path/,
      )
      const { items } = await runtime.client.runtime.ListPodSandbox({})
      t.match(items, [{ state: 'SANDBOX_NOTREADY', metadata: { name: 'broken' } }])
      const { id } = items[0]!
      await t.rejects(runtime.removePod(id), /failed to destroy network for sandbox .*late-plugin/)
      mkdirSync(ownPlugins)
      writeFileSync(join(ownPlugins, 'late-plugin'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
      await runtime.removePod(id)
      t.same(leased(), [], 'host-local was asked to give back what it gave')
      rmSync(join(runtime.cniConfDir, '10-mynet.conflist'))
      await waitFor(async () => ((await networkReady()) === 'ready' ? undefined : true))
    },
  )

  await t.test(
    'a pod outlives the runtime on its network, and leaves it by the configuration it joined with',
    async (t) => {
      runtime.configureNetwork('20-ptp.conf', {
        cniVersion: '1.0.0',
        name: 'mynet',
        type: 'ptp',
        ipam: { type: 'host-local', subnet: '10.23.0.0/24', dataDir: leases },
      })
      const pod = await waitFor(async () => runtime.runPod('stays').catch(() => undefined))
      const before = leased().length
      await runtime.kill()
      rmSync(join(runtime.cniConfDir, '20-ptp.conf'))
      await runtime.start()
      t.match(await addressOf(pod.id), /^10\.23\.0\./)
      const records = join(runtime.dir, 'cni-state/results')
      const [record = ''] = readdirSync(records)
      t.match(JSON.parse(readFileSync(join(records, record), 'utf8')), {
        kind: 'cniCacheV1',
        networkName: 'mynet',
      })
      await runtime.removePod(pod.id)
      t.equal(leased().length, before - 1)
      t.same(readdirSync(records), [])
    },
  )
})

function userFlags(): string[] {
  return process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials']
}
