import type { ClusterSpec, HostSpec } from '@kemu/kubeadm'
import type { ClusterDirectory } from './cluster-directory.ts'
import type { ClusterRecord } from './cluster-record.ts'

/** The cluster as kubeadm is told of it. */
export function clusterSpec(record: ClusterRecord, directory: ClusterDirectory): ClusterSpec {
  const hosts = record.hosts.map((host): HostSpec => ({ ...host, dir: directory.host(host.name) }))
  return {
    name: record.name,
    plan: record.plan,
    isolation: record.isolation,
    proxyMode: record.proxyMode ?? '',
    nameService: 'hosts-file',
    dnsDomain: 'cluster.local',
    controlPlane: hosts.filter((_, i) => record.hosts[i]!.role === 'control-plane'),
    etcdMembers: hosts.slice(0, record.etcdMembers),
    remoteEtcdMembers: [],
    extraSans: ['localhost', '127.0.0.1'],
    extraArgs: record.extraArgs,
    ...(record.podNetwork !== undefined && { podNetwork: record.podNetwork }),
  }
}
