import { hostname } from 'node:os'
import { sleep, systemClock } from '@kemu/base'
import {
  BadToken,
  discover,
  DiscoveryError,
  HostFiles,
  parseToken,
  readJoinedCluster,
} from '@kemu/kubeadm'
import { addHost, newHost } from '../cluster/add-host.ts'
import { adminClient } from '../cluster/cluster-access.ts'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { bootJoinedHost, joinedRecord, preflight } from '../cluster/joined-host.ts'
import { CliError } from '../cli-error.ts'
import { print } from '../output/print.ts'
import { Progress } from '../output/progress.ts'
import { typed } from '../output/typed.ts'

/** kubeadm's time for the TLS bootstrap: 5 minutes. */
const certifiedWithinMs = 300_000

const joined = `
This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' to see this node join the cluster.
`

export interface JoinOptions {
  readonly name: string
  readonly nodeName?: string
  readonly token: string
  readonly discoveryTokenCaCertHash: readonly string[]
}

/** `kemu join SERVER --token ...`: a new worker that trusts by a token and the hash of the CA only. */
export async function join(server: string, options: JoinOptions): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  return directory.exists() ? joinHere(server, options) : joinElsewhere(server, options)
}

/** The control plane runs somewhere else: this machine becomes a host of its cluster, and its network the host's. */
async function joinElsewhere(server: string, options: JoinOptions): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const progress = new Progress(systemClock, print)
  progress.say('preflight', 'Running pre-flight checks')
  const token = readToken(options.token)
  const remote = await preflight(server)
  const nodeName = (options.nodeName ?? hostname()).toLowerCase()
  const unlock = directory.lock()
  try {
    const cluster = await progress.step('discovery', `Cluster info of ${server} is verified`, () =>
      discover(server, token, options.discoveryTokenCaCertHash)
        .then((ca) => readJoinedCluster(server, ca, token))
        .catch(asCliError),
    )
    const record = joinedRecord(directory.name, nodeName, remote)
    directory.write(record)
    await progress.step('join', `Host ${nodeName} runs at ${remote.ownAddress}`, () =>
      bootJoinedHost(record, directory, { cluster, token }),
    )
    await progress.step('kubelet-start', 'The kubelet has its certificate', () =>
      certified(directory.host(nodeName)),
    )
    print(joined)
  } finally {
    unlock()
  }
}

/** kubeadm's TLS bootstrap: the kubelet asks for a certificate with the token, and keeps it in kubelet.conf. */
async function certified(hostDir: string): Promise<void> {
  const endMs = systemClock.monotonicMs() + certifiedWithinMs
  while (!new HostFiles(hostDir).has('/etc/kubernetes/kubelet.conf')) {
    if (systemClock.monotonicMs() > endMs) {
      throw new CliError(
        `the kubelet got no certificate; its log says why: ${typed('logs kubelet')}`,
      )
    }
    await sleep(systemClock, 100)
  }
}

async function joinHere(server: string, options: JoinOptions): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const record = directory.read()
  if (record.joined) {
    throw new CliError(
      `this machine is a host of cluster "${record.name}" already; leave it with: ${typed('delete', record.name)}`,
      'state',
    )
  }
  const progress = new Progress(systemClock, print)
  progress.say('preflight', 'Running pre-flight checks')
  const token = readToken(options.token)
  const host = newHost(record, options.nodeName)
  const unlock = directory.lock()
  const client = adminClient(record, directory)
  try {
    const ca = await progress.step('discovery', `Cluster info of ${server} is verified`, () =>
      discover(server, token, options.discoveryTokenCaCertHash).catch(asCliError),
    )
    await addHost(record, host, { ca, token }, directory, client, progress)
    print(joined)
  } finally {
    client.close()
    unlock()
  }
}

function readToken(text: string): ReturnType<typeof parseToken> {
  try {
    return parseToken(text)
  } catch (error) {
    if (error instanceof BadToken) throw new CliError(error.message, 'usage')
    throw error
  }
}

function asCliError(error: unknown): never {
  if (error instanceof DiscoveryError) throw new CliError(error.message)
  throw error
}
