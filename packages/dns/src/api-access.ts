import { readFileSync } from 'node:fs'
import { containerPath } from '@kemu/base'
import { Client, loadKubeconfig, openRest } from '@kemu/client'
import { formatHostPort, isClusterLoopback } from '@kemu/network/address'
import type { ApiAccess, Placement } from './plugins/plugin.ts'

const accountDir = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Without its variables or files this process is not in a pod (client-go: ErrNotInCluster). */
export class NotInCluster extends Error {
  override name = 'NotInCluster'
}

/** A client over REST: of the cluster that this pod is in, with its service account, or of a kubeconfig. */
export function connectApi(
  access: ApiAccess,
  env: Readonly<Record<string, string | undefined>>,
  place: Placement,
): Client {
  switch (access.kind) {
    case 'kubeconfig':
      return new Client(openRest(loadKubeconfig(containerPath(access.file)), 'CoreDNS'))
    case 'in-cluster': {
      const ca = readFileSync(containerPath(`${accountDir}/ca.crt`), 'utf8')
      const tokenFile = containerPath(`${accountDir}/token`)
      const token = (): string => readFileSync(tokenFile, 'utf8').trim()
      return new Client(openRest({ server: inClusterServer(env, place), ca, token }, 'CoreDNS'))
    }
  }
}

/** The service `kubernetes` as the kubelet tells it; on loopback its port may be shifted like any other. */
function inClusterServer(
  env: Readonly<Record<string, string | undefined>>,
  place: Placement,
): string {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = Number(env['KUBERNETES_SERVICE_PORT'] ?? '')
  if (host === '' || !(port > 0))
    throw new NotInCluster(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
  return `https://${formatHostPort({ host, port: isClusterLoopback(host) ? place.port(port) : port })}`
}
