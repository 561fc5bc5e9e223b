import type { PodNetworkChoice } from '@kemu/kubeadm'
import type { AddressPlan, Isolation } from '@kemu/network'

/** Version of cluster.json; another one was written by another kemu. */
export const recordVersion = 1

/** What a cluster is, kept as cluster.json: enough to start it again with the same hosts. */
export interface ClusterRecord {
  readonly version: number
  readonly name: string
  readonly plan: AddressPlan
  readonly isolation: Isolation
  /** Who carries connections to services on netns; not set by an earlier kemu, which left it to each kube-proxy. */
  readonly proxyMode?: 'nftables' | 'kemu-netns'
  /** The cluster's 127.x block on the loopback driver. */
  readonly loopbackBlock?: number
  readonly hosts: readonly HostRecord[]
  /** How many hosts, from the first, carry a member of etcd. */
  readonly etcdMembers: number
  readonly token: string
  /** Where the person's shell reaches the API server: REST and gRPC, host:port. */
  readonly apiAddress: string
  readonly grpcAddress: string
  /** Absent: host-gw, the pod network that clusters get when nobody chooses. */
  readonly podNetwork?: PodNetworkChoice
  /** The control plane is somewhere else: this machine itself is the one host. */
  readonly joined?: true
  readonly extraArgs: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface HostRecord {
  readonly name: string
  readonly address: string
  readonly role: 'control-plane' | 'worker'
}
