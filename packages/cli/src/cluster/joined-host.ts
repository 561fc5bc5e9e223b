import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { systemClock, thisProgram } from '@kemu/base'
import { launchHost } from '@kemu/host'
import {
  apiPort,
  controlPlaneName,
  prepareJoin,
  standingMembership,
  writeHostsFile,
} from '@kemu/kubeadm'
import type { BootstrapToken, HostSpec, JoinedCluster } from '@kemu/kubeadm'
import { netnsPlan } from '@kemu/network'
import { CliError } from '../cli-error.ts'
import type { ClusterDirectory } from './cluster-directory.ts'
import { recordVersion } from './cluster-record.ts'
import type { ClusterRecord } from './cluster-record.ts'

/** Where a control plane is that runs elsewhere, and what this machine is called by it. */
export interface RemoteControlPlane {
  readonly address: string
  /** This machine's address on the way there: the node's. */
  readonly ownAddress: string
}

/**
 * kubeadm's pre-flight checks of a machine that becomes a host itself: its network is the host's, so it takes root, and
 * packets of pods must be forwarded.
 */
export async function preflight(server: string): Promise<RemoteControlPlane> {
  if (process.getuid?.() !== 0) {
    throw new CliError('user is not running as root: pods of this host need its network')
  }
  const at = server.lastIndexOf(':')
  if (at < 0 || server.slice(at + 1) !== String(apiPort)) {
    throw new CliError(`nodes reach a control plane at port ${apiPort}; got "${server}"`, 'usage')
  }
  const forwarding = '/proc/sys/net/ipv4/ip_forward'
  if (readFileSync(forwarding, 'utf8').trim() !== '1') {
    throw new CliError(`${forwarding} contents are not set to 1`)
  }
  const { address } = await lookup(server.slice(0, at), 4).catch((error: Error) => {
    throw new CliError(`the control plane's address is not known: ${error.message}`)
  })
  return { address, ownAddress: await ownAddressTowards(address) }
}

/** The record of a cluster of which only this host is here. */
export function joinedRecord(
  name: string,
  nodeName: string,
  remote: RemoteControlPlane,
): ClusterRecord {
  return {
    version: recordVersion,
    name,
    plan: netnsPlan,
    isolation: 'root',
    hosts: [{ name: nodeName, address: remote.ownAddress, role: 'worker' }],
    etcdMembers: 0,
    token: '',
    apiAddress: `${remote.address}:${apiPort}`,
    grpcAddress: '',
    joined: true,
    extraArgs: {},
  }
}

/** Writes the host's files for the addresses of today and boots it; its network is this machine's. */
export async function bootJoinedHost(
  record: ClusterRecord,
  directory: ClusterDirectory,
  fresh?: { readonly cluster: JoinedCluster; readonly token: BootstrapToken },
): Promise<void> {
  const [{ name, address }] = record.hosts as [ClusterRecord['hosts'][number]]
  const host: HostSpec = { name, address, dir: directory.host(name) }
  const cluster = fresh?.cluster ?? standingMembership(host.dir)
  if (!cluster)
    throw new CliError(`host "${name}" has not joined yet; run kemu join again`, 'state')
  const controlPlane = record.apiAddress.slice(0, record.apiAddress.lastIndexOf(':'))
  writeHostsFile(host, [{ address: controlPlane, name: controlPlaneName }])
  prepareJoin(cluster, host, { isolation: 'root', extraArgs: {} }, fresh?.token)
  await launchHost(
    { name, address, driver: 'netns', isolation: 'root', kubeletFlags: [] },
    { hostDir: host.dir, program: thisProgram(), nodePrefixLength: 32 },
    { clock: systemClock },
  )
}

/** Asks the routing table by connecting a datagram socket: nothing is sent. */
function ownAddressTowards(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => {
      socket.close()
      reject(new CliError(`there is no way to ${address}: ${error.message}`))
    })
    socket.connect(apiPort, address, () => {
      const own = socket.address().address
      socket.close()
      resolve(own)
    })
  })
}
