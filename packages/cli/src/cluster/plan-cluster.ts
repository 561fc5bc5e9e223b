import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { systemRandom } from '@kemu/base'
import { apiPort, createToken, formatToken, grpcPort } from '@kemu/kubeadm'
import type { PodNetworkChoice } from '@kemu/kubeadm'
import {
  claimLoopbackBlock,
  detectCapabilities,
  loopbackBlockWorks,
  loopbackPlan,
  netnsPlan,
  nodeAddress,
  occupiedBlocks,
} from '@kemu/network'
import type { AddressPlan, Capabilities, NetworkDriver } from '@kemu/network'
import { CliError } from '../cli-error.ts'
import type { ClusterDirectory } from './cluster-directory.ts'
import { recordVersion } from './cluster-record.ts'
import type { ClusterRecord, HostRecord } from './cluster-record.ts'

/** What a person may choose of a new cluster. */
export interface ClusterWishes {
  readonly hosts: number
  readonly etcdMembers: number
  readonly network: NetworkDriver | undefined
  readonly podNetwork: PodNetworkChoice | undefined
  readonly extraArgs: ClusterRecord['extraArgs']
}

export interface PlannedCluster {
  readonly record: ClusterRecord
  readonly capabilities: Capabilities
}

/** Decides how a new cluster is laid out on this machine; claims what must be its alone. */
export async function planCluster(
  directory: ClusterDirectory,
  wishes: ClusterWishes,
): Promise<PlannedCluster> {
  const capabilities = await detectCapabilities()
  const driver = chooseDriver(wishes.network, capabilities)
  const block = driver === 'loopback' ? await takeBlock(directory) : undefined
  const plan = block === undefined ? netnsPlan : loopbackPlan(block)
  const isolation = driver === 'loopback' ? 'none' : capabilities.isolation
  const access = await accessAddresses(plan)
  const record: ClusterRecord = {
    version: recordVersion,
    name: directory.name,
    plan,
    isolation,
    ...(driver === 'netns' && {
      proxyMode: capabilities.hasNftables ? 'nftables' : 'kemu-netns',
    }),
    ...(block !== undefined && { loopbackBlock: block }),
    hosts: hostRecords(plan, wishes.hosts),
    etcdMembers: wishes.etcdMembers,
    token: formatToken(createToken(systemRandom)),
    ...access,
    ...(wishes.podNetwork !== undefined && { podNetwork: wishes.podNetwork }),
    extraArgs: wishes.extraArgs,
  }
  return { record, capabilities }
}

function chooseDriver(
  wish: NetworkDriver | undefined,
  { driver, reasons }: Capabilities,
): NetworkDriver {
  if (wish === 'netns' && driver !== 'netns') {
    throw new CliError(
      `--network=netns is not possible on this machine: ${reasons.join('; ')}; leave --network out`,
    )
  }
  return wish ?? driver
}

async function takeBlock(directory: ClusterDirectory): Promise<number> {
  if (!(await loopbackBlockWorks('127.30.0.2'))) {
    throw new CliError(
      '127.30.0.2 is not local on this machine (macOS has 127.0.0.1 only). Either run kemu in ' +
        'containers (docker-compose up), or add the addresses that hosts need, for example: ' +
        'sudo ifconfig lo0 alias 127.30.0.10',
    )
  }
  return claimLoopbackBlock(directory.path, occupiedBlocks(readFileSync('/proc/net/tcp', 'latin1')))
}

/** master, worker1, worker2, ... */
function hostRecords(plan: AddressPlan, count: number): HostRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    name: i === 0 ? 'master' : `worker${i}`,
    address: nodeAddress(plan, i),
    role: i === 0 ? 'control-plane' : 'worker',
  }))
}

/** On a fabric the API server is reached through ports of this machine; on loopback directly. */
export async function accessAddresses(
  plan: AddressPlan,
): Promise<{ readonly apiAddress: string; readonly grpcAddress: string }> {
  if (plan.driver === 'loopback') {
    const master = nodeAddress(plan, 0)
    return { apiAddress: `${master}:${apiPort}`, grpcAddress: `${master}:${grpcPort}` }
  }
  const api = await freePort(apiPort)
  return {
    apiAddress: `127.0.0.1:${api}`,
    grpcAddress: `127.0.0.1:${await freePort(api === apiPort ? grpcPort : 0)}`,
  }
}

/** The wished port of 127.0.0.1, or any free one where somebody has it. */
export function freePort(wish: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && wish !== 0) resolve(freePort(0))
      else reject(error)
    })
    server.listen(wish, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
