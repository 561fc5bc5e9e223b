import { systemClock, thisProgram } from '@kemu/base'
import type { Client } from '@kemu/client'
import { prepareWorker } from '@kemu/kubeadm'
import type { BootstrapToken } from '@kemu/kubeadm'
import { nodeAddress, startFabric } from '@kemu/network'
import { CliError } from '../cli-error.ts'
import type { Progress } from '../output/progress.ts'
import type { ClusterDirectory } from './cluster-directory.ts'
import type { ClusterRecord, HostRecord } from './cluster-record.ts'
import { clusterSpec } from './cluster-spec.ts'
import { bootHost } from './start-cluster.ts'
import { nodesReady, nodesRegistered } from './wait.ts'

/** A host that does not become Ready in this time is reported, and kept for a look. */
const readyWithinMs = 60_000

/** A place for one more worker: a free name and a free address. */
export function newHost(record: ClusterRecord, wish: string | undefined): HostRecord {
  const names = new Set(record.hosts.map((host) => host.name))
  let number = record.hosts.length
  while (names.has(`worker${number}`)) number++
  const name = wish ?? `worker${number}`
  if (names.has(name)) throw new CliError(`there is a host "${name}" already`, 'state')
  if (!/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/.test(name)) {
    throw new CliError(
      `"${name}" cannot be a host's name: use at most 12 lower-case letters, digits and dashes`,
      'usage',
    )
  }
  const taken = new Set(record.hosts.map((host) => host.address))
  let index = 0
  while (taken.has(nodeAddress(record.plan, index))) index++
  return { name, address: nodeAddress(record.plan, index), role: 'worker' }
}

/** Boots the host with a CA and a token, and waits until its node is Ready. */
export async function addHost(
  standing: ClusterRecord,
  host: HostRecord,
  trust: { readonly ca: string; readonly token: BootstrapToken },
  directory: ClusterDirectory,
  client: Client,
  progress: Progress,
): Promise<void> {
  const record: ClusterRecord = { ...standing, hosts: [...standing.hosts, host] }
  const place = { ...host, dir: directory.host(host.name) }
  prepareWorker(clusterSpec(record, directory), place, trust.ca, trust.token)
  directory.write(record)
  await progress.step('join', `Host ${host.name} runs`, async () =>
    bootHost(record, directory, host, await standingFabric(record, directory)),
  )
  const limit = AbortSignal.timeout(readyWithinMs)
  if (record.podNetwork === 'none')
    await progress.step('join', `Node ${host.name} is registered; it waits for a pod network`, () =>
      nodesRegistered(client, [host.name], limit),
    )
  else
    await progress.step('join', `Node ${host.name} is Ready`, () =>
      nodesReady(client, [host.name], limit),
    )
}

async function standingFabric(
  record: ClusterRecord,
  directory: ClusterDirectory,
): Promise<number | undefined> {
  if (record.plan.driver === 'loopback') return undefined
  const { plan, isolation } = record
  const config = { dir: directory.fabric, plan, isolation, forward: {} }
  return startFabric(config, thisProgram(), systemClock)
}
