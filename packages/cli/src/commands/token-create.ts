import { systemClock, systemRandom } from '@kemu/base'
import {
  createToken,
  enforce,
  formatToken,
  HostFiles,
  tokenLifetimeMs,
  tokenSecret,
} from '@kemu/kubeadm'
import { publicKeyHash } from '@kemu/pki'
import { adminClient } from '../cluster/cluster-access.ts'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
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
