import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loopbackPlan } from '@kemu/network'
import type { ClusterSpec, HostSpec } from '../cluster-spec.ts'

/** A cluster of a master and a worker in a directory of its own, with namespaces. */
export function sampleCluster(changes: Partial<ClusterSpec> = {}): ClusterSpec & { dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-kubeadm-'))
  const master: HostSpec = { name: 'master', address: '127.77.0.10', dir: join(dir, 'master') }
  return {
    dir,
    name: 'sample',
    plan: loopbackPlan(77),
    isolation: 'root',
    proxyMode: 'nftables',
    nameService: 'hosts-file',
    dnsDomain: 'cluster.local',
    controlPlane: [master],
    etcdMembers: [master],
    remoteEtcdMembers: [],
    extraSans: ['localhost', '127.0.0.1'],
    extraArgs: {},
    ...changes,
  }
}
