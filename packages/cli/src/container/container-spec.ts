import { netnsPlan } from '@kemu/network'
import { cidrContains, parseCidr } from '@kemu/network/address'
import type { AddressPlan } from '@kemu/network'
import type { ClusterSpec, HostSpec } from '@kemu/kubeadm'
import { CliError } from '../cli-error.ts'
import type { ContainerRole } from './container-role.ts'
import type { OwnAddress } from './own-address.ts'

/** A container's root is the host's directory: what lies there is told apart by its mounts. */
export const hostDir = '/'

export type ControlPlaneRole = Extract<ContainerRole, { kind: 'control-plane' }>

/** The cluster as one host of its control plane sees it: itself with files, its peers by name. */
export function containerSpec(role: ControlPlaneRole, own: OwnAddress): ClusterSpec {
  const host: HostSpec = { name: role.nodeName, address: own.address, dir: hostDir }
  const reachedAt = role.apiAddress.slice(0, role.apiAddress.lastIndexOf(':'))
  return {
    name: role.clusterName,
    plan: containerPlan(own),
    isolation: 'root',
    proxyMode: 'nftables',
    nameService: 'dns',
    dnsDomain: 'cluster.local',
    controlPlane: [host],
    etcdMembers: [host],
    remoteEtcdMembers: role.controlPlanes.filter((name) => name !== role.nodeName),
    extraSans: [...new Set(['localhost', '127.0.0.1', reachedAt])],
    extraArgs: {},
    podNetwork: role.podNetwork,
  }
}

/** The usual ranges; the hosts' own network is the engine's choice and must not lie in them. */
function containerPlan({ cidr }: OwnAddress): AddressPlan {
  const plan = { ...netnsPlan, nodeCidr: cidr }
  for (const range of [plan.podCidr, plan.serviceCidr]) {
    if (!overlap(cidr, range)) continue
    throw new CliError(
      `the containers' network ${cidr} lies in ${range}, which is the cluster's; give the network ` +
        'another subnet in docker-compose.yml (networks: default: ipam: config)',
    )
  }
  return plan
}

function overlap(a: string, b: string): boolean {
  const [first, second] = [parseCidr(a)!, parseCidr(b)!]
  return cidrContains(first, second.first) || cidrContains(second, first.first)
}
