import { systemClock } from '@kemu/base'
import { hostProcess } from '@kemu/host'
import { podNetworkManifest } from '@kemu/kubeadm'
import type { PodNetworkChoice } from '@kemu/kubeadm'
import { CliError } from '../cli-error.ts'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import type { ClusterRecord } from '../cluster/cluster-record.ts'
import { bootJoinedHost, joinedRecord, preflight } from '../cluster/joined-host.ts'
import { accessAddresses, freePort, planCluster } from '../cluster/plan-cluster.ts'
import { startCluster } from '../cluster/start-cluster.ts'
import { deleteCluster, stopCluster } from '../cluster/stop-cluster.ts'
import { runExample } from '../example/run-example.ts'
import { Progress } from '../output/progress.ts'
import { print } from '../output/print.ts'
import { typed } from '../output/typed.ts'

export interface UpOptions {
  readonly name: string
  readonly hosts?: string
  readonly etcdMembers?: string
  readonly network?: string
  readonly podNetwork?: string
  readonly extraArg: readonly string[]
  readonly example?: boolean
}

const mostHosts = 32
const podNetworks: readonly string[] = ['host-gw', 'vxlan', 'none'] satisfies PodNetworkChoice[]

/** `kemu up`: creates a cluster, or starts a stopped one again. */
export async function up(options: UpOptions): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const progress = new Progress(systemClock, print)
  const unlock = directory.lock()
  const interrupt = new AbortController()
  const onSignal = (): void => interrupt.abort(new CliError('interrupted', 'interrupted'))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    if (directory.exists()) await startAgain(directory, options, progress, interrupt.signal)
    else await createNew(directory, options, progress, interrupt.signal)
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    unlock()
  }
}

async function createNew(
  directory: ClusterDirectory,
  options: UpOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { record, capabilities } = await planCluster(directory, wishesOf(options))
  directory.write(record)
  progress.say(
    'up',
    `Creating cluster "${record.name}" with ${record.hosts.length} hosts (isolation: ${record.isolation})`,
  )
  for (const reason of capabilities.reasons) progress.say('up', `Note: ${reason}`)
  try {
    await bringUp(record, directory, options, progress, signal)
  } catch (error) {
    if (signal.aborted) progress.say('up', 'Interrupted: removing what was made')
    // A failed start is kept for a look at its logs; an interrupted one leaves nothing behind.
    if (signal.aborted) await deleteCluster(record, directory)
    else await stopCluster(record, directory)
    throw error
  }
}

async function startAgain(
  directory: ClusterDirectory,
  options: UpOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const standing = directory.read()
  checkWishes(standing, options)
  const running = standing.hosts.filter((host) => hostProcess(directory.host(host.name)))
  if (running.length === standing.hosts.length) {
    progress.say('up', `Cluster "${standing.name}" is running already`)
    printNextCommands(standing, directory)
    return
  }
  if (standing.joined) return startJoined(directory, standing, progress)
  progress.say('up', `Starting cluster "${standing.name}" again: ${standing.hosts.length} hosts`)
  const record = running.length > 0 ? standing : await withFreePorts(standing)
  directory.write(record)
  try {
    await bringUp(record, directory, options, progress, signal)
  } catch (error) {
    if (running.length === 0) await stopCluster(record, directory)
    throw error
  }
}

/** The machine may have another address today; who it is it knows from its own files. */
async function startJoined(
  directory: ClusterDirectory,
  standing: ClusterRecord,
  progress: Progress,
): Promise<void> {
  const [host] = standing.hosts as [ClusterRecord['hosts'][number]]
  const remote = await preflight(standing.apiAddress)
  const record = joinedRecord(standing.name, host.name, remote)
  directory.write(record)
  await progress.step('up', `Host ${host.name} runs at ${remote.ownAddress}`, () =>
    bootJoinedHost(record, directory),
  )
}

/** The ports of last time, where nobody took them meanwhile. */
async function withFreePorts(record: ClusterRecord): Promise<ClusterRecord> {
  if (record.plan.driver === 'loopback') return record
  const port = Number(record.apiAddress.split(':')[1])
  const grpc = Number(record.grpcAddress.split(':')[1])
  if ((await freePort(port)) === port && (await freePort(grpc)) === grpc) return record
  return { ...record, ...(await accessAddresses(record.plan)) }
}

async function bringUp(
  record: ClusterRecord,
  directory: ClusterDirectory,
  options: UpOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const client = await startCluster(record, directory, { progress, signal })
  try {
    if (options.example === true) await runExample(client, record, directory, progress, signal)
  } finally {
    client.close()
  }
  progress.say('up', `Cluster "${record.name}" is ready after ${progress.elapsed()}`)
  printNextCommands(record, directory)
}

function printNextCommands(record: ClusterRecord, directory: ClusterDirectory): void {
  if (record.podNetwork === 'none') {
    print(`
Nodes are NotReady until a pod network is there. Apply yours, or the one that kemu brings:

  kubectl apply -f ${podNetworkManifest()}`)
  }
  const next = [
    ['status', 'hosts and processes'],
    ['logs etcd', 'what a component says'],
    ['down', 'stop it and keep its data'],
    ['delete', 'stop it and remove it'],
  ].map(([words, what]) => `  ${typed(words!, record.name).padEnd(26)} ${what}\n`)
  print(`
To use it, run:

  export KUBECONFIG=${directory.kubeconfig}
  kubectl get nodes -o wide
  kubectl get pods -A -o wide

${next.join('')}`)
}

/** What was chosen when the cluster was made stands: another wish is refused, not passed over. */
function checkWishes(standing: ClusterRecord, options: UpOptions): void {
  const is = {
    hosts: String(standing.hosts.length),
    etcdMembers: String(standing.etcdMembers),
    network: standing.plan.driver,
    podNetwork: standing.podNetwork ?? 'host-gw',
    extraArg: JSON.stringify(standing.extraArgs),
  }
  const extraArg = options.extraArg.length > 0 ? JSON.stringify(readExtraArgs(options)) : undefined
  const wishes = { ...options, extraArg }
  for (const [flag, key] of Object.entries(choices)) {
    const wish = wishes[key]
    if (wish === undefined || wish === is[key]) continue
    const way =
      key === 'hosts' && !standing.joined
        ? `add hosts with: ${typed('node add', standing.name)}; or `
        : ''
    throw new CliError(
      `cluster "${standing.name}" stands with ${flag} ${is[key]}, and up does not change that; ` +
        `leave ${flag} out, ${way}make the cluster anew after: ${typed('delete', standing.name)}`,
      'usage',
    )
  }
}

const choices = {
  '--hosts': 'hosts',
  '--etcd-members': 'etcdMembers',
  '--network': 'network',
  '--pod-network': 'podNetwork',
  '--extra-arg': 'extraArg',
} as const satisfies Record<string, keyof UpOptions>

function wishesOf(options: UpOptions): Parameters<typeof planCluster>[1] {
  const hosts = count(options.hosts ?? '3', '--hosts', mostHosts)
  const etcdMembers = count(options.etcdMembers ?? '1', '--etcd-members', 5)
  if (etcdMembers % 2 === 0 || etcdMembers > hosts) {
    throw new CliError('--etcd-members must be 1, 3 or 5, and there must be as many hosts', 'usage')
  }
  const { network } = options
  if (network !== undefined && network !== 'netns' && network !== 'loopback') {
    throw new CliError(`--network must be netns or loopback, not "${network}"`, 'usage')
  }
  const { podNetwork } = options
  if (podNetwork !== undefined && !isPodNetwork(podNetwork)) {
    throw new CliError(
      `--pod-network must be ${podNetworks.join(' or ')}, not "${podNetwork}"`,
      'usage',
    )
  }
  return {
    hosts,
    etcdMembers,
    network,
    podNetwork,
    extraArgs: readExtraArgs(options),
  }
}

function isPodNetwork(text: string): text is PodNetworkChoice {
  return podNetworks.includes(text)
}

function count(text: string, flag: string, most: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new CliError(`${flag} must be a number from 1 to ${most}, not "${text}"`, 'usage')
  }
  return number
}

/** `kube-controller-manager:node-monitor-grace-period=8s`, any number of times. */
function readExtraArgs(options: UpOptions): ClusterRecord['extraArgs'] {
  const args: Record<string, Record<string, string>> = {}
  for (const text of options.extraArg) {
    const match = /^([a-z-]+):([A-Za-z-]+)=(.*)$/.exec(text)
    if (!match) {
      throw new CliError(
        `--extra-arg must be COMPONENT:FLAG=VALUE, for example ` +
          `kube-controller-manager:node-monitor-grace-period=8s, not "${text}"`,
        'usage',
      )
    }
    const [, component, flag, value] = match as unknown as [string, string, string, string]
    args[component] = { ...args[component], [flag]: value }
  }
  return args
}
