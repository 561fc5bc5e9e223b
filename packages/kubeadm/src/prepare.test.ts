import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseYaml } from '@kemu/api/yaml'
import type { Container, Pod } from '@kemu/api'
import { netnsPlan } from '@kemu/network'
import { parseToken } from './bootstrap-token.ts'
import { prepareControlPlane, prepareWorker } from './prepare.ts'
import { sampleCluster } from './testing/sample-cluster.ts'

const nowMs = Date.parse('2026-11-21T00:00:00Z')

function filesBelow(dir: string, below = ''): string[] {
  return readdirSync(join(dir, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name)
    return entry.isDirectory() ? filesBelow(dir, path) : [path]
  })
}

t.test(
  "a control-plane host gets kubeadm's files, and its secrets are the owner's alone",
  async (t) => {
    const spec = sampleCluster()
    t.teardown(() => rmSync(spec.dir, { recursive: true }))
    await prepareControlPlane(spec, nowMs)
    const dir = spec.controlPlane[0]!.dir
    const pki = filesBelow(join(dir, 'etc/kubernetes/pki')).sort()
    t.same(pki, [
      'apiserver-etcd-client.crt',
      'apiserver-etcd-client.key',
      'apiserver-kubelet-client.crt',
      'apiserver-kubelet-client.key',
      'apiserver.crt',
      'apiserver.key',
      'ca.crt',
      'ca.key',
      'etcd/ca.crt',
      'etcd/ca.key',
      'etcd/healthcheck-client.crt',
      'etcd/healthcheck-client.key',
      'etcd/peer.crt',
      'etcd/peer.key',
      'etcd/server.crt',
      'etcd/server.key',
      'front-proxy-ca.crt',
      'front-proxy-ca.key',
      'front-proxy-client.crt',
      'front-proxy-client.key',
      'sa.key',
      'sa.pub',
    ])
    for (const file of filesBelow(join(dir, 'etc/kubernetes'))) {
      const secret = file.endsWith('.key') || file.endsWith('.conf')
      if (!secret) continue
      t.equal(statSync(join(dir, 'etc/kubernetes', file)).mode & 0o777, 0o600, file)
    }
  },
)

t.test(
  'preparing again keeps every key; a new address gives new serving certificates only',
  async (t) => {
    const spec = sampleCluster()
    t.teardown(() => rmSync(spec.dir, { recursive: true }))
    await prepareControlPlane(spec, nowMs)
    const dir = join(spec.controlPlane[0]!.dir, 'etc/kubernetes')
    const contents = (): Map<string, string> =>
      new Map(filesBelow(dir).map((file) => [file, readFileSync(join(dir, file), 'utf8')]))
    const first = contents()
    await prepareControlPlane(spec, nowMs + 1000)
    t.same(contents(), first, 'nothing changed')

    const moved = { ...spec.controlPlane[0]!, address: '127.77.0.20' }
    await prepareControlPlane({ ...spec, controlPlane: [moved], etcdMembers: [moved] }, nowMs)
    const changed = [...contents()]
      .filter(([file, text]) => first.get(file) !== text)
      .map(([f]) => f)
    t.same(changed.filter((file) => file.endsWith('.crt')).sort(), [
      'pki/apiserver.crt',
      'pki/etcd/peer.crt',
      'pki/etcd/server.crt',
    ])
    const certificate = new X509Certificate(readFileSync(join(dir, 'pki/apiserver.crt')))
    for (const name of ['control-plane', 'kubernetes.default.svc.cluster.local', 'master']) {
      t.ok(certificate.checkHost(name), name)
    }
    t.ok(certificate.checkIP('127.77.0.20'))
    t.ok(certificate.checkIP('127.77.64.1'), 'the address of the service kubernetes')
  },
)

t.test('a certificate that is about to expire is signed again', async (t) => {
  const spec = sampleCluster()
  t.teardown(() => rmSync(spec.dir, { recursive: true }))
  await prepareControlPlane(spec, nowMs)
  const file = join(spec.controlPlane[0]!.dir, 'etc/kubernetes/pki/apiserver-kubelet-client.crt')
  const before = readFileSync(file, 'utf8')
  await prepareControlPlane(spec, nowMs + 350 * 24 * 3_600_000)
  t.not(readFileSync(file, 'utf8'), before)
})

t.test(
  'static pods name the host by its name, mount its files, and take further flags',
  async (t) => {
    const spec = sampleCluster({
      isolation: 'none',
      extraArgs: { 'kube-controller-manager': { 'node-monitor-grace-period': '8s' } },
    })
    t.teardown(() => rmSync(spec.dir, { recursive: true }))
    await prepareControlPlane(spec, nowMs)
    const { dir } = spec.controlPlane[0]!
    const manifest = (name: string): Pod =>
      parseYaml(readFileSync(join(dir, `etc/kubernetes/manifests/${name}.yaml`), 'utf8')) as Pod
    const apiserver = manifest('kube-apiserver').spec
    t.ok(apiserver.hostNetwork)
    t.ok(apiserver.containers[0]!.command!.includes('--etcd-servers=https://master:2379'))
    t.ok(apiserver.containers[0]!.command!.includes('--bind-address=127.77.0.10'))
    t.equal(apiserver.volumes![0]!.hostPath!.path, join(dir, 'etc/kubernetes/pki'))
    t.equal(apiserver.containers[0]!.volumeMounts![0]!.mountPath, '/etc/kubernetes/pki')
    const manager = manifest('kube-controller-manager').spec.containers[0]!
    t.ok(manager.command!.includes('--node-monitor-grace-period=8s'))
    t.equal(manager.livenessProbe!.httpGet!.host, '127.77.0.10')
  },
)

t.test(
  'on a network of its own a host asks its components on 127.0.0.1, as kubeadm has it',
  async (t) => {
    const spec = sampleCluster({ plan: netnsPlan })
    t.teardown(() => rmSync(spec.dir, { recursive: true }))
    await prepareControlPlane(spec, nowMs)
    const { dir } = spec.controlPlane[0]!
    const container = (name: string): Container => {
      const text = readFileSync(join(dir, `etc/kubernetes/manifests/${name}.yaml`), 'utf8')
      return (parseYaml(text) as Pod).spec.containers[0]!
    }
    const etcd = container('etcd')
    t.ok(etcd.command!.includes('--listen-metrics-urls=http://127.0.0.1:2381'))
    const clients = '--listen-client-urls=https://127.0.0.1:2379,https://127.77.0.10:2379'
    t.ok(etcd.command!.includes(clients))
    t.ok(container('kube-scheduler').command!.includes('--bind-address=127.0.0.1'))
    t.ok(container('kube-controller-manager').command!.includes('--bind-address=127.0.0.1'))
    for (const name of ['etcd', 'kube-scheduler', 'kube-controller-manager'])
      t.equal(container(name).livenessProbe!.httpGet!.host, '127.0.0.1')
  },
)

t.test(
  'a worker gets names, a kubelet configuration and a token, and keeps what it has earned',
  async (t) => {
    const spec = sampleCluster()
    t.teardown(() => rmSync(spec.dir, { recursive: true }))
    const worker = { name: 'worker1', address: '127.77.0.11', dir: join(spec.dir, 'worker1') }
    const token = parseToken('abcdef.0123456789abcdef')
    prepareWorker(spec, worker, 'the CA', token)
    const read = (path: string): string => readFileSync(join(worker.dir, path), 'utf8')
    t.match(read('etc/hosts'), /^127\.77\.0\.10\tmaster control-plane$/m)
    t.match(read('etc/hosts'), /^127\.77\.0\.11\tworker1$/m)
    t.match(read('etc/kubernetes/bootstrap-kubelet.conf'), 'token: abcdef.0123456789abcdef')
    t.match(parseYaml(read('var/lib/kubelet/config.yaml')), {
      kind: 'KubeletConfiguration',
      address: '127.77.0.11',
      clusterDNS: ['127.77.64.10'],
    })
  },
)
