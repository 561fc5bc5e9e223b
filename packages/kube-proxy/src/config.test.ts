import t from 'tap'
import { formatCidr } from '@kemu/network/address'
import { parseConfig, placeOnNode } from './config.ts'

const type = { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' }

t.test("takes kubeadm's configuration with all its empty fields", (t) => {
  const config = parseConfig(
    {
      ...type,
      bindAddress: '0.0.0.0',
      bindAddressHardFail: false,
      clientConnection: {
        acceptContentTypes: '',
        burst: 0,
        contentType: '',
        kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf',
        qps: 0,
      },
      clusterCIDR: '10.244.0.0/16',
      configSyncPeriod: '0s',
      conntrack: { maxPerCore: null, min: null, udpStreamTimeout: '0s', udpTimeout: '0s' },
      detectLocal: { bridgeInterface: '', interfaceNamePrefix: '' },
      detectLocalMode: '',
      enableProfiling: false,
      featureGates: {},
      healthzBindAddress: '',
      iptables: { localhostNodePorts: null, masqueradeAll: false, syncPeriod: '0s' },
      logging: { flushFrequency: 0, options: { json: { infoBufferSize: '0' } }, verbosity: 0 },
      mode: '',
      nodePortAddresses: null,
      oomScoreAdj: null,
      winkernel: { enableDSR: false },
    },
    'file',
  )
  t.equal(config.network, 'netns')
  t.same(config.healthz, { host: '0.0.0.0', port: 10_256 })
  t.same(config.metrics, { host: '127.0.0.1', port: 10_249 })
  t.same(config.clusterCidrs.map(formatCidr), ['10.244.0.0/16'])
  t.equal(config.localhostNodePorts, true)
  t.same(config.withoutEffect, [])
  t.end()
})

t.test('says which fields have no effect', (t) => {
  const config = parseConfig({ ...type, iptables: { syncPeriod: '30s' }, oomScoreAdj: -999 }, 'f')
  t.same(config.withoutEffect, ['iptables.syncPeriod', 'oomScoreAdj'])
  t.end()
})

t.test('refuses what it cannot do, by the name of the field', (t) => {
  const table: [object, RegExp][] = [
    [{ mode: 'iptables' }, /^f: mode: "iptables" is not emulated/],
    [{ detectLocalMode: 'BridgeInterface' }, /not emulated: detectLocalMode/],
    [{ featureGates: { X: true } }, /not emulated: featureGates/],
    [{ nonsense: 1 }, /unknown field nonsense/],
    [{ iptables: { nonsense: 1 } }, /unknown field iptables.nonsense/],
    [{ clusterCIDR: '10.244.0.0' }, /clusterCIDR: "10.244.0.0" is no CIDR/],
    [{ mode: 'kemu-loopback', clusterCIDR: '10.0.0.0/8' }, /clusterCIDR: mode kemu-loopback/],
    [{ healthzBindAddress: 'x' }, /healthzBindAddress: "x" is no address/],
    [{ conntrack: { udpTimeout: 'soon' } }, /conntrack.udpTimeout: "soon" is no duration/],
    [{ mode: 7 }, /mode: must be a string/],
    [{ kind: 'Other' }, /must be a KubeProxyConfiguration/],
  ]
  for (const [fields, message] of table)
    t.throws(() => parseConfig({ ...type, ...fields }, 'f'), { message })
  t.end()
})

t.test('the pod network tells the driver where the mode does not', (t) => {
  t.equal(parseConfig({ ...type, clusterCIDR: '127.30.128.0/17' }, 'f').network, 'loopback')
  t.equal(parseConfig({ ...type, clusterCIDR: '10.244.0.0/16' }, 'f').network, 'netns')
  t.equal(parseConfig(type, 'f').network, 'netns')
  t.end()
})

t.test("on loopback everybody's address is the node's own", (t) => {
  const at = { host: '0.0.0.0', port: 10_256 }
  t.same(placeOnNode(at, 'loopback', '127.30.0.11'), { host: '127.30.0.11', port: 10_256 })
  t.same(placeOnNode(at, 'netns', '172.18.0.10'), at)
  const own = { host: '127.30.0.77', port: 1 }
  t.same(placeOnNode(own, 'loopback', '127.30.0.11'), own)
  t.end()
})
