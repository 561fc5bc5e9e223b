import t from 'tap'
import { parseYaml } from '@kemu/api/yaml'
import { parseKubeletConfiguration } from './kubelet-configuration.ts'
import { NodePaths } from './node-paths.ts'

/** What kubeadm v1.36 writes, zeroes and all. */
const kubeadm = `
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous: {enabled: false}
  webhook: {cacheTTL: 0s, enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization:
  mode: Webhook
  webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
kind: KubeletConfiguration
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}}, verbosity: 0}
memorySwap: {}
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
staticPodPath: /etc/kubernetes/manifests
syncFrequency: 0s
`

t.test("kubeadm's file is read, and its zeroes are defaults", async (t) => {
  const config = parseKubeletConfiguration(parseYaml(kubeadm), 'config.yaml')
  t.match(config, {
    staticPodPath: '/etc/kubernetes/manifests',
    clusterDns: ['10.96.0.10'],
    rotateCertificates: true,
    nodeStatusUpdateFrequencyMs: 10_000,
    nodeStatusReportFrequencyMs: 300_000,
    syncFrequencyMs: 60_000,
    port: 10250,
    authentication: { webhook: true, anonymous: false, clientCaFile: '/etc/kubernetes/pki/ca.crt' },
    authorization: { mode: 'Webhook', cacheAuthorizedTtlMs: 300_000 },
    maxContainerRestartPeriodMs: 300_000,
    withoutEffect: ['cgroupDriver'],
  })
})

t.test('unknown and broken fields are refused by name', async (t) => {
  const parse = (document: object) => () => parseKubeletConfiguration(document, 'f.yaml')
  t.throws(parse({ maxPodz: 1 }), 'f.yaml: strict decoding error: unknown field "maxPodz"')
  t.throws(parse({ maxPods: 'x' }), 'f.yaml: maxPods: must be a number')
  t.throws(
    parse({ syncFrequency: 'soon' }),
    'f.yaml: syncFrequency: must be a duration such as 10s',
  )
  t.throws(
    parse({ authorization: { mode: 'Off' } }),
    'f.yaml: authorization.mode: "Off" is not a valid authorization mode',
  )
  t.throws(parse({ kind: 'Pod', apiVersion: 'v1' }), 'f.yaml: no kind "Pod" is registered')
})

t.test('paths of the host lie below its root where it has none of its own', async (t) => {
  const paths = new NodePaths('/state/h/var/lib/kubelet', '/var/log/pods', '/state/h')
  t.equal(paths.rootDir, '/state/h/var/lib/kubelet')
  t.equal(paths.podLogsDir, '/state/h/var/log/pods')
  t.equal(paths.onHost('/etc/x'), '/state/h/etc/x')
  t.equal(new NodePaths('/k', '/l', '').onHost('/etc/x'), '/etc/x')
})
