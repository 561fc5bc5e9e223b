import { systemClock, systemRandom } from '@kemu/base'
import {
  createToken,
  enforce,
  prepareWorker,
  tokenLifetimeMs,
  tokenSecret,
  HostFiles,
} from '@kemu/kubeadm'
import { nodeAddress, startFabric } from '@kemu/network'
import { thisProgram } from '@kemu/base'
import { adminClient } from '../cluster/cluster-access.ts'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import type { ClusterRecord, HostRecord } from '../cluster/cluster-record.ts'
import { clusterSpec } from '../cluster/cluster-spec.ts'
import { bootHost } from '../cluster/start-cluster.ts'
import { nodesReady } from '../cluster/wait.ts'
import { CliError } from '../cli-error.ts'
import { print } from '../output/print.ts'
import { Progress } from '../output/progress.ts'

/** A host that does not become Ready in this time is reported, and kept for a look. */
const readyWithinMs = 60_000

/** `kemu node add [NAME]`: one more worker on this machine. */
export async function nodeAdd(
  name: string | undefined,
  options: { readonly name: string },
): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const progress = new Progress(systemClock, print)
  const unlock = directory.lock()
  try {
    const standing = directory.read()
    const host = newHost(standing, name)
    const record: ClusterRecord = { ...standing, hosts: [...standing.hosts, host] }
    await join(record, host, directory, progress)
    print(`Node ${host.name} joined cluster "${record.name}".\n`)
  } finally {
    unlock()
  }
}

async function join(
  record: ClusterRecord,
  host: HostRecord,
  directory: ClusterDirectory,
  progress: Progress,
): Promise<void> {
  const client = adminClient(record, directory)
  try {
    const token = createToken(systemRandom)
    await progress.step('join', 'A bootstrap token is made', () =>
      enforce(client, [tokenSecret(token, systemClock.now() + tokenLifetimeMs, 'kemu node add')]),
    )
    const ca = new HostFiles(directory.host(record.hosts[0]!.name)).read(
      '/etc/kubernetes/pki/ca.crt',
    )!
    prepareWorker(
      clusterSpec(record, directory),
      { ...host, dir: directory.host(host.name) },
      ca,
      token,
    )
    directory.write(record)
    await progress.step('join', `Host ${host.name} runs`, async () =>
      bootHost(record, directory, host, await fabricPid(record, directory)),
    )
    await progress.step('join', `Node ${host.name} is Ready`, () =>
      nodesReady(client, [host.name], AbortSignal.timeout(readyWithinMs)),
    )
  } finally {
    client.close()
  }
}

/** The standing fabric's namespace. */
async function fabricPid(
  record: ClusterRecord,
  directory: ClusterDirectory,
): Promise<number | undefined> {
  if (record.plan.driver === 'loopback') return undefined
  const { plan, isolation } = record
  return startFabric(
    { dir: directory.fabric, plan, isolation, forward: {} },
    thisProgram(),
    systemClock,
  )
}

function newHost(record: ClusterRecord, wish: string | undefined): HostRecord {
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
