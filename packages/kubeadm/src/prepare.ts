import type { BootstrapToken } from './bootstrap-token.ts'
import type { ClusterSpec, HostSpec } from './cluster-spec.ts'
import { writeControlPlaneManifests } from './manifests/control-plane.ts'
import { writeEtcdManifest } from './manifests/etcd.ts'
import { prepareAuthorities, prepareControlPlaneCerts, prepareEtcdCerts } from './phases/certs.ts'
import type { ClusterAuthorities } from './phases/certs.ts'
import { prepareKubeconfigs } from './phases/kubeconfigs.ts'
import {
  kubeletConfiguration,
  writeBootstrapKubeconfig,
  writeKubeletConfig,
} from './phases/kubelet-start.ts'
import { writeNames } from './phases/names.ts'

/**
 * Everything of `kubeadm init` that needs no API server, for the hosts of the control plane. It may be run again: keys
 * and certificates that are good stay, what depends on addresses follows them.
 */
export async function prepareControlPlane(
  spec: ClusterSpec,
  nowMs: number,
): Promise<ClusterAuthorities> {
  const authorities = await prepareAuthorities(spec.controlPlane[0]!.dir, nowMs)
  await prepareWithAuthorities(spec, authorities, nowMs)
  return authorities
}

/**
 * As prepareControlPlane, with authorities that are kept somewhere else: several machines' control plane has one
 * set.
 */
export async function prepareWithAuthorities(
  spec: ClusterSpec,
  authorities: ClusterAuthorities,
  nowMs: number,
): Promise<void> {
  await Promise.all([
    ...spec.controlPlane.map(async (host) => {
      await prepareControlPlaneCerts(spec, host, authorities, nowMs)
      await prepareKubeconfigs(spec, host, authorities.ca, nowMs)
    }),
    ...spec.etcdMembers.map((host) => prepareEtcdCerts(host, authorities, nowMs)),
  ])
  for (const host of spec.controlPlane) {
    if (spec.nameService === 'hosts-file') writeNames(spec, host)
    writeKubeletConfig(spec, host, kubeletConfiguration(spec))
    writeControlPlaneManifests(spec, host)
  }
  for (const host of spec.etcdMembers) writeEtcdManifest(spec, host)
}

/** What a worker needs before its kubelet starts: the names, its configuration, and a token to ask with. */
export function prepareWorker(
  spec: ClusterSpec,
  host: HostSpec,
  ca: string,
  token: BootstrapToken,
): void {
  writeNames(spec, host)
  writeKubeletConfig(spec, host, kubeletConfiguration(spec))
  writeBootstrapKubeconfig(spec, host, ca, token)
}
