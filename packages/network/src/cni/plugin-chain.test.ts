import t from 'tap'
import { capabilityArguments, cniArgs, InvalidBandwidth } from './capability-arguments.ts'
import type { NetworkedPod } from './capability-arguments.ts'
import { InvalidNetworkList, parseNetworkList, parseSinglePlugin } from './network-list.ts'
import { addToNetwork, checkOnNetwork, deleteFromNetwork } from './plugin-chain.ts'
import { CniError } from './plugin-process.ts'
import type { PluginCall, RunPlugin } from './plugin-process.ts'
import { podAddresses, viewResult } from './result.ts'

const list = parseNetworkList(
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'mynet',
    plugins: [
      { type: 'bridge', bridge: 'cbr0', ipam: { type: 'host-local' } },
      { type: 'portmap', capabilities: { portMappings: true, bandwidth: false } },
    ],
  }),
)

const pod: NetworkedPod = {
  sandboxId: 'abc',
  namespace: 'default',
  name: 'web',
  uid: 'u-1',
  annotations: { 'kubernetes.io/ingress-bandwidth': '10M', note: 'x' },
  hostPorts: [{ protocol: 'TCP', hostPort: 8080, containerPort: 80, hostIp: '' }],
  dns: undefined,
  cgroupParent: '/kubepods',
}

const attachment = {
  containerId: 'abc',
  namespacePath: '/proc/7/ns/net',
  interfaceName: 'eth0',
  args: cniArgs(pod),
  capabilityArgs: capabilityArguments(pod),
}

interface Call extends PluginCall {
  readonly type: string
  readonly input: Record<string, unknown>
}

/** Plugins that answer with what is given and remember what they were asked. */
function fakePlugins(answers: Readonly<Record<string, string | Error>>): {
  run: RunPlugin
  calls: Call[]
} {
  const calls: Call[] = []
  const run: RunPlugin = async (type, call, configuration) => {
    calls.push({ ...call, type, input: JSON.parse(configuration) as Record<string, unknown> })
    const answer = answers[`${call.command} ${type}`] ?? ''
    if (answer instanceof Error) throw answer
    return answer
  }
  return { run, calls }
}

const fromBridge = { cniVersion: '1.0.0', ips: [{ address: '10.1.0.2/24', gateway: '10.1.0.1' }] }

void t.test(
  'ADD hands each plugin the result of the one before it, and the arguments it asked for',
  async (t) => {
    const answers = {
      'ADD bridge': JSON.stringify(fromBridge),
      'ADD portmap': JSON.stringify({ ...fromBridge, dns: {} }),
    }
    const { run, calls } = fakePlugins(answers)
    t.same(await addToNetwork(run, list, attachment), { ...fromBridge, dns: {} })
    t.same(
      calls.map(({ type }) => type),
      ['bridge', 'portmap'],
    )
    const [bridge, portmap] = calls as [Call, Call]
    t.match(bridge, { command: 'ADD', containerId: 'abc', namespacePath: '/proc/7/ns/net' })
    t.equal(
      bridge.args,
      'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_UID=u-1',
    )
    t.same(bridge.input, {
      type: 'bridge',
      bridge: 'cbr0',
      ipam: { type: 'host-local' },
      name: 'mynet',
      cniVersion: '1.0.0',
    })
    t.same(portmap.input['prevResult'], fromBridge)
    t.same(portmap.input['runtimeConfig'], {
      portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '' }],
    })
  },
)

void t.test('a plugin that fails is named, with its own words', async (t) => {
  const failing = fakePlugins({ 'ADD bridge': new CniError('no room', 11) })
  await t.rejects(addToNetwork(failing.run, list, attachment), {
    message: 'plugin type="bridge" failed (add): no room',
    code: 11,
  })
  t.equal(failing.calls.length, 1)
  const silent = fakePlugins({ 'ADD bridge': 'nonsense' })
  await t.rejects(addToNetwork(silent.run, list, attachment), /invalid result "nonsense"/)
})

void t.test(
  'DEL goes backwards with the whole result, and what is gone already is fine',
  async (t) => {
    const { run, calls } = fakePlugins({ 'DEL portmap': new CniError('chain not found') })
    await deleteFromNetwork(run, list, attachment, fromBridge)
    t.same(
      calls.map(({ type }) => type),
      ['portmap', 'bridge'],
    )
    t.same(calls[0]!.input['prevResult'], fromBridge)
    const stuck = fakePlugins({ 'DEL bridge': new CniError('device busy') })
    await t.rejects(
      deleteFromNetwork(stuck.run, list, attachment, undefined),
      /type="bridge" failed \(delete\)/,
    )
    const old = fakePlugins({})
    await deleteFromNetwork(old.run, { ...list, cniVersion: '0.3.1' }, attachment, fromBridge)
    t.notOk('prevResult' in old.calls[0]!.input, 'DEL has no prevResult before 0.4.0')
  },
)

void t.test('CHECK asks every plugin, unless the list or its version forbids it', async (t) => {
  const { run, calls } = fakePlugins({ 'CHECK portmap': new CniError('rule is missing') })
  await t.rejects(checkOnNetwork(run, list, attachment, fromBridge), /rule is missing/)
  t.same(
    calls.map(({ command }) => command),
    ['CHECK', 'CHECK'],
  )
  for (const quiet of [{ disableCheck: true }, { cniVersion: '0.3.1' }]) {
    const none = fakePlugins({})
    await checkOnNetwork(none.run, { ...list, ...quiet }, attachment, fromBridge)
    t.equal(none.calls.length, 0)
  }
})

void t.test('lists that cannot be used are refused by what is wrong', (t) => {
  const wrong = (text: string, message: RegExp): void => {
    t.throws(() => parseNetworkList(text), message)
    t.throws(() => parseNetworkList(text), InvalidNetworkList)
  }
  wrong('{', /error parsing configuration list/)
  wrong('[]', /it is no object/)
  wrong('{"plugins":[{"type":"x"}]}', /no name/)
  wrong('{"name":"a","cniVersion":"1.0.0","plugins":[]}', /no plugins in list/)
  wrong('{"name":"a/b","cniVersion":"1.0.0","plugins":[{"type":"x"}]}', /invalid characters/)
  wrong('{"name":"a","cniVersion":"1.0.0","plugins":[{}]}', /plugin config 0.*missing 'type'/)
  wrong('{"name":"a","plugins":[{"type":"x"}]}', /cniVersion "" is not emulated/)
  t.throws(() => parseSinglePlugin('{"name":"a"}'), /missing 'type'/)
  const single = parseSinglePlugin('{"name":"a","cniVersion":"0.4.0","type":"ptp"}')
  t.match(single, { name: 'a', plugins: [{ type: 'ptp' }] })
  t.end()
})

void t.test('bandwidth annotations are bits per second, within reason', (t) => {
  const args = (rate: string) =>
    capabilityArguments({ ...pod, annotations: { 'kubernetes.io/egress-bandwidth': rate } })
  t.same(args('10M')['bandwidth'], { egressRate: 10e6, egressBurst: 4_294_967_295 })
  t.match(args('1Gi')['bandwidth'], { egressRate: 2 ** 30 })
  t.throws(() => args('much'), InvalidBandwidth)
  t.throws(() => args('10'), /unreasonably small/)
  t.throws(() => args('2P'), /unreasonably large/)
  t.end()
})

void t.test('of a result only addresses inside the pod count, IPv4 first', (t) => {
  const result = {
    cniVersion: '1.0.0',
    interfaces: [{ name: 'cbr0' }, { name: 'eth0', mac: '02:00', sandbox: '/proc/7/ns/net' }],
    ips: [
      { address: 'fd00::2/64', interface: 1 },
      { address: '10.1.0.2/24', gateway: '10.1.0.1', interface: 1 },
      { address: '10.1.0.1/24', interface: 0 },
    ],
  }
  t.same(podAddresses(result), ['10.1.0.2', 'fd00::2'])
  t.same(podAddresses({ cniVersion: '1.0.0' }), [])
  t.match(viewResult(result), {
    Interfaces: {
      eth0: { IPConfigs: [{ IP: 'fd00::2' }, { IP: '10.1.0.2', Gateway: '10.1.0.1' }] },
    },
  })
  t.end()
})
