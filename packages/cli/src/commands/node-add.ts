import { systemClock, systemRandom } from '@kemu/base'
import { createToken, enforce, HostFiles, tokenLifetimeMs, tokenSecret } from '@kemu/kubeadm'
import { addHost, newHost } from '../cluster/add-host.ts'
import { adminClient } from '../cluster/cluster-access.ts'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { print } from '../output/print.ts'
import { Progress } from '../output/progress.ts'

/** `kemu node add [NAME]`: one more worker on this machine. */
export async function nodeAdd(
  name: string | undefined,
  options: { readonly name: string },
): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const record = directory.read()
  const progress = new Progress(systemClock, print)
  const unlock = directory.lock()
  const client = adminClient(record, directory)
  try {
    const host = newHost(record, name)
    const token = createToken(systemRandom)
    await progress.step('join', 'A bootstrap token is made', () =>
      enforce(client, [tokenSecret(token, systemClock.now() + tokenLifetimeMs, 'kemu node add')]),
    )
    const master = new HostFiles(directory.host(record.hosts[0]!.name))
    const ca = master.read('/etc/kubernetes/pki/ca.crt')!
    await addHost(record, host, { ca, token }, directory, client, progress)
    print(`Node ${host.name} joined cluster "${record.name}".\n`)
  } finally {
    client.close()
    unlock()
  }
}
