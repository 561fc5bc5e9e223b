import { configMaps } from '@kemu/api'
import { systemClock, systemRandom } from '@kemu/base'
import type { Client } from '@kemu/client'
import {
  createToken,
  enforce,
  formatToken,
  HostFiles,
  tokenLifetimeMs,
  tokenSecret,
} from '@kemu/kubeadm'
import { publicKeyHash } from '@kemu/pki'
import { CliError } from '../cli-error.ts'
import { adminClient } from '../cluster/cluster-access.ts'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { waitFor } from '../cluster/wait.ts'
import { print } from '../output/print.ts'
import { typed } from '../output/typed.ts'

/** `kemu token create`: a token for a new host, and the command to use it with. */
export async function tokenCreate(options: {
  readonly name: string
  readonly printJoinCommand?: boolean
}): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const record = directory.read()
  const client = adminClient(record, directory)
  try {
    const token = createToken(systemRandom)
    await enforce(client, [tokenSecret(token, systemClock.now() + tokenLifetimeMs)])
    await signed(client, token.id)
    const ca = new HostFiles(directory.host(record.hosts[0]!.name)).read(
      '/etc/kubernetes/pki/ca.crt',
    )!
    print(
      options.printJoinCommand === true
        ? `${typed('join')} ${record.apiAddress} --token ${formatToken(token)} ` +
            `--discovery-token-ca-cert-hash ${publicKeyHash(ca)}\n`
        : `${formatToken(token)}\n`,
    )
  } finally {
    client.close()
  }
}

const signedWithinMs = 30_000

/** A host can join once cluster-info is signed with the token: the command is told when it works. */
async function signed(client: Client, id: string): Promise<void> {
  const late = new AbortController()
  const timer = systemClock.setTimer(signedWithinMs, () => late.abort())
  const key = `jws-kubeconfig-${id}`
  try {
    await waitFor(
      client,
      configMaps,
      'kube-public',
      (maps) => maps.some(({ data }) => data?.[key] !== undefined),
      late.signal,
    )
  } catch (error) {
    if (!late.signal.aborted) throw error
    const why = `kube-controller-manager has not signed cluster-info with token "${id}"; is it running?`
    throw new CliError(`${why} Look with: ${typed('status')}`, 'state')
  } finally {
    timer.cancel()
  }
}
