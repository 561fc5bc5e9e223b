import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { sleep, systemClock } from '@kemu/base'
import { nodes } from '@kemu/api'
import { Client, openRest, parseKubeconfig } from '@kemu/client'
import {
  apiPort,
  controlPlaneEndpoint,
  finishControlPlane,
  HostFiles,
  markControlPlane,
} from '@kemu/kubeadm'
import { apiReady, waitFor } from '../cluster/wait.ts'
import type { Progress } from '../output/progress.ts'
import { initializedMark } from './container-role.ts'
import { containerSpec, hostDir } from './container-spec.ts'
import type { ControlPlaneRole } from './container-spec.ts'
import type { OwnAddress } from './own-address.ts'
import { clusterToken } from './prepare-host.ts'

/** What `kubeadm init` does once the API server of this host answers, however long that takes. */
export async function finishHost(
  role: ControlPlaneRole,
  own: OwnAddress,
  progress: Progress,
): Promise<void> {
  const spec = containerSpec(role, own)
  const client = ownApiServer(role)
  const forever = new AbortController().signal
  try {
    await progress.step('wait-control-plane', 'etcd and the API server answer', () =>
      apiReady(client, systemClock, forever),
    )
    await progress.step('init', 'Configuration, bootstrap token and addons are uploaded', () =>
      finishControlPlane(client, spec, authority(), clusterToken(), undefined),
    )
    await progress.step('mark-control-plane', `Node ${role.nodeName} is marked`, async () => {
      const isThere = (known: readonly { metadata: { name: string } }[]): boolean =>
        known.some((node) => node.metadata.name === role.nodeName)
      await waitFor(client, nodes, '', isThere, forever)
      while (!(await markControlPlane(client, role.nodeName))) await sleep(systemClock, 50)
    })
    mkdirSync(dirname(initializedMark), { recursive: true })
    writeFileSync(initializedMark, '')
  } finally {
    client.close()
  }
}

function authority(): string {
  return new HostFiles(hostDir).read('/etc/kubernetes/pki/ca.crt')!
}

/** The API server beside us, not the one that a balancer would choose. */
function ownApiServer(role: ControlPlaneRole): Client {
  const text = new HostFiles(hostDir).read('/etc/kubernetes/super-admin.conf')!
  const own = text.replaceAll(controlPlaneEndpoint, `https://${role.nodeName}:${apiPort}`)
  return new Client(openRest(parseKubeconfig(own, '/'), 'kemu'))
}
