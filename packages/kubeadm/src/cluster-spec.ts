import type { AddressPlan, Isolation } from '@kemu/network'

/** The release that kemu emulates; images of the control plane carry it as their tag. */
export const kubernetesVersion = 'v1.36.3'

/** The name by which every host reaches the API server, whatever its address is today. */
export const controlPlaneName = 'control-plane'
export const apiPort = 6443
export const grpcPort = 6444

/** One host as kubeadm sees it. */
export interface HostSpec {
  readonly name: string
  readonly address: string
  /** The host's directory on the machine that runs kemu. */
  readonly dir: string
}

/** Who knows the hosts' addresses: hosts files that are written at each start, or the network's DNS. */
export type NameService = 'hosts-file' | 'dns'

/** Components that take further flags, by the names kubeadm's configuration has for them. */
export type ExtraArgs = Readonly<Record<string, Readonly<Record<string, string>>>>

/** How pods of different hosts reach each other; `none`: the person installs a pod network. */
export type PodNetworkChoice = 'host-gw' | 'vxlan' | 'none'

/** What `kubeadm init` would be told in its ClusterConfiguration. */
export interface ClusterSpec {
  readonly name: string
  readonly plan: AddressPlan
  readonly isolation: Isolation
  /** kube-proxy's mode where hosts have network namespaces; '' leaves the choice to each node's kube-proxy. */
  readonly proxyMode: 'nftables' | 'kemu-netns' | ''
  readonly nameService: NameService
  readonly dnsDomain: string
  /** Hosts of the control plane; the first one also answers for its name. */
  readonly controlPlane: readonly HostSpec[]
  /** Hosts that carry a member of etcd, in order; the first is a control-plane host. */
  readonly etcdMembers: readonly HostSpec[]
  /** Names of members on hosts whose files are made elsewhere: by themselves, each in its own container. */
  readonly remoteEtcdMembers: readonly string[]
  /** Names and addresses under which the person's shell reaches the API server. */
  readonly extraSans: readonly string[]
  readonly extraArgs: ExtraArgs
  /** Absent: host-gw. */
  readonly podNetwork?: PodNetworkChoice
}

/** https://control-plane:6443 */
export const controlPlaneEndpoint = `https://${controlPlaneName}:${apiPort}`
export const grpcEndpoint = `${controlPlaneName}:${grpcPort}`
