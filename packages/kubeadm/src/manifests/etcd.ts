import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'
import { pkiDir } from '../phases/certs.ts'
import { ownAddress, writeStaticPod } from './static-pod.ts'

/** Tag of the image, which is the etcd release whose API is served. */
const etcdImage = 'registry.k8s.io/etcd:3.6.8-0'
const dataDir = '/var/lib/etcd'

/** Where clients of etcd dial: names, so that a member may change its address. */
export function etcdClientUrls(spec: ClusterSpec): string[] {
  return memberNames(spec).map((name) => `https://${name}:2379`)
}

/** The same order on every host, whichever of them asks. */
function memberNames(spec: ClusterSpec): string[] {
  const own = spec.etcdMembers.map(({ name }) => name)
  return spec.remoteEtcdMembers.length === 0 ? own : [...own, ...spec.remoteEtcdMembers].sort()
}

/** Phase etcd: the manifest of a member. Peers are dialled by name. */
export function writeEtcdManifest(spec: ClusterSpec, host: HostSpec): void {
  const { address, name } = host
  const client = `https://${address}:2379`
  const own = ownAddress(spec, host)
  writeStaticPod(spec, host, {
    component: 'etcd',
    image: etcdImage,
    annotations: { 'kubeadm.kubernetes.io/etcd.advertise-client-urls': client },
    flags: {
      'advertise-client-urls': `https://${name}:2379`,
      'cert-file': `${pkiDir}/etcd/server.crt`,
      'client-cert-auth': 'true',
      'data-dir': dataDir,
      'feature-gates': 'InitialCorruptCheck=true',
      'initial-advertise-peer-urls': `https://${name}:2380`,
      'initial-cluster': memberNames(spec)
        .map((member) => `${member}=https://${member}:2380`)
        .join(','),
      'initial-cluster-state': 'new',
      'key-file': `${pkiDir}/etcd/server.key`,
      'listen-client-urls': own === address ? client : `https://${own}:2379,${client}`,
      'listen-metrics-urls': `http://${own}:2381`,
      'listen-peer-urls': `https://${address}:2380`,
      name,
      'peer-cert-file': `${pkiDir}/etcd/peer.crt`,
      'peer-client-cert-auth': 'true',
      'peer-key-file': `${pkiDir}/etcd/peer.key`,
      'peer-trusted-ca-file': `${pkiDir}/etcd/ca.crt`,
      'snapshot-count': '10000',
      'trusted-ca-file': `${pkiDir}/etcd/ca.crt`,
      'watch-progress-notify-interval': '5s',
    },
    mounts: [
      { name: 'etcd-data', path: dataDir, type: 'DirectoryOrCreate' },
      { name: 'etcd-certs', path: `${pkiDir}/etcd`, type: 'DirectoryOrCreate' },
    ],
    health: {
      host: own,
      port: 2381,
      scheme: 'HTTP',
      livePath: '/livez',
      readyPath: '/readyz',
      startupPath: '/readyz',
    },
    requests: { cpu: '100m', memory: '100Mi' },
  })
}
