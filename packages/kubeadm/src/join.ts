import { configMaps } from '@kemu/api'
import { parseYaml } from '@kemu/api/yaml'
import { Client, openRest } from '@kemu/client'
import { publicKeyHash } from '@kemu/pki'
import type { BootstrapToken } from './bootstrap-token.ts'
import { formatToken } from './bootstrap-token.ts'
import type { ClusterSpec, HostSpec } from './cluster-spec.ts'
import { HostFiles } from './host-files.ts'
import { writeBootstrapKubeconfig, writeKubeletConfig } from './phases/kubelet-start.ts'

/** What a host must know of a cluster that is somewhere else; kept, so that it can boot while nobody answers. */
export interface JoinedCluster {
  readonly name: string
  /** PEM of the cluster's CA. */
  readonly ca: string
  /** The part of the kubelet's configuration that all nodes have in common (ConfigMap kubelet-config). */
  readonly kubelet: Readonly<Record<string, unknown>>
}

const file = '/etc/kemu/joined-cluster.json'

/** kubeadm's phase preflight of `join`: reads the cluster's configuration with the token. The CA must be trusted already. */
export async function readJoinedCluster(
  server: string,
  ca: string,
  token: BootstrapToken,
): Promise<JoinedCluster> {
  const access = { server: `https://${server}`, ca, token: () => formatToken(token) }
  const client = new Client(openRest(access, 'kubeadm'))
  try {
    const resource = client.resource(configMaps, 'kube-system')
    const read = async (name: string, key: string): Promise<Record<string, unknown>> =>
      parseYaml((await resource.get(name)).data?.[key] ?? '') as Record<string, unknown>
    const [cluster, kubelet] = await Promise.all([
      read('kubeadm-config', 'ClusterConfiguration'),
      read('kubelet-config', 'kubelet'),
    ])
    return { name: String(cluster['clusterName']), ca, kubelet }
  } finally {
    client.close()
  }
}

/** The cluster that this host joined earlier, if its CA is still the one with this hash. */
export function standingMembership(hostDir: string, caHash?: string): JoinedCluster | undefined {
  const text = new HostFiles(hostDir).read(file)
  if (text === undefined) return undefined
  const cluster = JSON.parse(text) as JoinedCluster
  return caHash === undefined || publicKeyHash(cluster.ca) === caHash ? cluster : undefined
}

/** Writes a joining host's files for its address of today. A host that has a certificate of its own needs no token. */
export function prepareJoin(
  cluster: JoinedCluster,
  host: HostSpec,
  site: Pick<ClusterSpec, 'isolation' | 'extraArgs'>,
  token?: BootstrapToken,
): void {
  writeKubeletConfig(site, host, cluster.kubelet)
  if (token) writeBootstrapKubeconfig(cluster, host, cluster.ca, token)
  new HostFiles(host.dir).writeSecret(file, `${JSON.stringify(cluster, null, 2)}\n`)
}

/** kubeadm reset, of a worker: what made the host a node of another cluster goes. */
export function forgetMembership(hostDir: string): void {
  const files = new HostFiles(hostDir)
  for (const path of [file, '/etc/kubernetes', '/var/lib/kubelet']) files.remove(path)
}
