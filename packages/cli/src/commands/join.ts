import { systemClock } from '@kemu/base'
import { BadToken, discover, DiscoveryError, parseToken } from '@kemu/kubeadm'
import { addHost, newHost } from '../cluster/add-host.ts'
import { adminClient } from '../cluster/cluster-access.ts'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { CliError } from '../cli-error.ts'
import { print } from '../output/print.ts'
import { Progress } from '../output/progress.ts'

export interface JoinOptions {
  readonly name: string
  readonly nodeName?: string
  readonly token: string
  readonly discoveryTokenCaCertHash: readonly string[]
}

/** `kemu join SERVER --token ...`: a new worker that trusts by a token and the hash of the CA only. */
export async function join(server: string, options: JoinOptions): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const record = directory.read()
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
    print(`
This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' to see this node join the cluster.
`)
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
