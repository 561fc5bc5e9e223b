import { readFileSync } from 'node:fs'
import { containerPath } from '@kemu/base'
import type { ClusterAccess } from '@kemu/client'
import { formatHostPort } from '@kemu/network/address'

const accountDir = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Without its variables or files this process is not in a pod (client-go: ErrNotInCluster). */
export class NotInCluster extends Error {
  override name = 'NotInCluster'
}

/**
 * The cluster that this pod is in, with its service account. The manifest names a server that can be reached before any
 * service address works: without a pod network there may be no kube-proxy yet.
 */
export function inClusterAccess(env: Readonly<Record<string, string | undefined>>): ClusterAccess {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = Number(env['KUBERNETES_SERVICE_PORT'] ?? '')
  if (host === '' || !(port > 0))
    throw new NotInCluster(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
  const tokenFile = containerPath(`${accountDir}/token`)
  return {
    server: `https://${formatHostPort({ host, port })}`,
    ca: readFileSync(containerPath(`${accountDir}/ca.crt`), 'utf8'),
    token: () => readFileSync(tokenFile, 'utf8').trim(),
  }
}
