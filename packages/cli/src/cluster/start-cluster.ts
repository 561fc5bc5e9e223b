import { systemClock, thisProgram } from '@kemu/base'
import type { Client } from '@kemu/client'
import { launchHost } from '@kemu/host'
import type { HostConfig, LaunchSite } from '@kemu/host'
import {
  apiPort,
  finishControlPlane,
  grpcPort,
  markControlPlane,
  parseToken,
  prepareControlPlane,
  prepareWorker,
  tokenLifetimeMs,
} from '@kemu/kubeadm'
import type { ClusterSpec } from '@kemu/kubeadm'
import { startFabric } from '@kemu/network'
import { CliError } from '../cli-error.ts'
import type { Progress } from '../output/progress.ts'
import { adminClient, writeUserKubeconfig } from './cluster-access.ts'
import type { ClusterDirectory } from './cluster-directory.ts'
import type { ClusterRecord, HostRecord } from './cluster-record.ts'
import { clusterSpec } from './cluster-spec.ts'
import { explainSilence } from './diagnosis.ts'
import { apiReady, insist, nodesReady, nodesRegistered, waitFor } from './wait.ts'
import { nodes } from '@kemu/api'

export interface StartDeps {
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Brings a planned cluster up: network, files, hosts, objects; ends when all nodes are Ready. */
export async function startCluster(
  record: ClusterRecord,
  directory: ClusterDirectory,
  { progress, signal }: StartDeps,
): Promise<Client> {
  const spec = clusterSpec(record, directory)
  const nowMs = systemClock.now()
  const [fabricPid, authorities] = await Promise.all([
    progress.step('network', networkLine(record), () => fabric(record, directory)),
    progress.step('certs', 'Certificates, kubeconfigs and static pods are in place', () =>
      prepareControlPlane(spec, nowMs),
    ),
  ])
  const ca = authorities.ca.certificate
  const token = parseToken(record.token)
  const workers = record.hosts.filter((host) => host.role === 'worker')
  for (const worker of workers) {
    prepareWorker(spec, { ...worker, dir: directory.host(worker.name) }, ca, token)
  }
  writeUserKubeconfig(record, directory)
  const booted = progress.step(
    'hosts',
    `Hosts ${record.hosts.map((host) => host.name).join(', ')} run`,
    () => bootHosts(record, directory, fabricPid),
  )
  const client = adminClient(record, directory)
  try {
    await progress.step('wait-control-plane', 'etcd and the API server answer', async () => {
      await booted
      await answering(client, record, directory, signal)
    })
    await progress.step('init', 'Configuration, bootstrap token and addons are uploaded', () =>
      insist(systemClock, signal, () =>
        finishControlPlane(client, spec, ca, token, systemClock.now() + tokenLifetimeMs),
      ),
    )
    await progress.step('mark-control-plane', 'Control-plane nodes are marked', () =>
      insist(systemClock, signal, () => markNodes(client, spec, signal)),
    )
    await awaitNodes(client, record, progress, signal)
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** Without a pod network no node becomes Ready; that they are there is all that can be waited for. */
async function awaitNodes(
  client: Client,
  record: ClusterRecord,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const names = record.hosts.map((host) => host.name)
  if (record.podNetwork === 'none')
    await progress.step('nodes', 'All nodes are registered; they wait for a pod network', () =>
      insist(systemClock, signal, () => nodesRegistered(client, names, signal)),
    )
  else
    await progress.step('nodes', 'All nodes are Ready', () =>
      insist(systemClock, signal, () => nodesReady(client, names, signal)),
    )
}

function networkLine(record: ClusterRecord): string {
  const { driver, nodeCidr, podCidr, serviceCidr } = record.plan
  const carrier = record.proxyMode === 'nftables' ? ' by nftables' : ''
  return `Driver ${driver}: hosts ${nodeCidr}, pods ${podCidr}, services ${serviceCidr}${carrier}`
}

/** The namespace that hosts hang on; there is none on loopback. */
async function fabric(
  record: ClusterRecord,
  directory: ClusterDirectory,
): Promise<number | undefined> {
  if (record.plan.driver === 'loopback') return undefined
  const master = record.hosts[0]!.address
  const port = (address: string): string => address.slice(address.lastIndexOf(':') + 1)
  return startFabric(
    {
      dir: directory.fabric,
      plan: record.plan,
      isolation: record.isolation,
      forward: {
        [port(record.apiAddress)]: `${master}:${apiPort}`,
        [port(record.grpcAddress)]: `${master}:${grpcPort}`,
      },
    },
    thisProgram(),
    systemClock,
  )
}

async function bootHosts(
  record: ClusterRecord,
  directory: ClusterDirectory,
  fabricPid: number | undefined,
): Promise<void> {
  const boot = (host: HostRecord): Promise<void> => bootHost(record, directory, host, fabricPid)
  const of = (role: HostRecord['role']): HostRecord[] => record.hosts.filter((h) => h.role === role)
  // Workers have nothing to do before the API server answers: the processors are the control plane's until it boots.
  await Promise.all(of('control-plane').map(boot))
  await Promise.all(of('worker').map(boot))
}

/** Boots one host of the cluster; what it needs must lie in its directory. */
export async function bootHost(
  record: ClusterRecord,
  directory: ClusterDirectory,
  host: HostRecord,
  fabricPid: number | undefined,
): Promise<void> {
  const { plan, isolation } = record
  const config: HostConfig = {
    name: host.name,
    address: host.address,
    driver: plan.driver,
    isolation,
    kubeletFlags: [],
  }
  const site: LaunchSite = {
    hostDir: directory.host(host.name),
    program: thisProgram(),
    nodePrefixLength: Number(plan.nodeCidr.split('/')[1]),
    ...(fabricPid !== undefined && { fabricPid, gatewayDir: directory.fabric }),
  }
  await launchHost(config, site, { clock: systemClock })
}

async function answering(
  client: Client,
  record: ClusterRecord,
  directory: ClusterDirectory,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.timeout(60_000)
  try {
    await apiReady(client, systemClock, AbortSignal.any([signal, limit]))
  } catch (error) {
    if (!limit.aborted) throw error
    throw new CliError(explainSilence(record, directory))
  }
}

async function markNodes(client: Client, spec: ClusterSpec, signal: AbortSignal): Promise<void> {
  for (const { name } of spec.controlPlane) {
    await waitFor(
      client,
      nodes,
      '',
      (known) => known.some((node) => node.metadata.name === name),
      signal,
    )
    await markControlPlane(client, name)
  }
}
