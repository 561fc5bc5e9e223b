import { existsSync } from 'node:fs'
import { Client, loadKubeconfig, openRest, parseKubeconfig } from '@kemu/client'
import type { ClusterAccess } from '@kemu/client'
import { CliError } from '../cli-error.ts'
import { adminKubeconfig } from './cluster-access.ts'
import { ClusterDirectory } from './cluster-directory.ts'
import { thisHost } from './this-host.ts'

const ownKubeconfig = '/etc/kubernetes/super-admin.conf'

/** Which cluster a command speaks to. */
export interface ClusterChoice {
  readonly name: string
  /** Its kubeconfig, where the cluster is not one of this machine; stands before the name. */
  readonly kubeconfig?: string
}

/** All rights, on a person's machine, or on one that is itself a host of the control plane (docker-compose.yml). */
export function adminAccess({ name, kubeconfig }: ClusterChoice): ClusterAccess {
  if (kubeconfig !== undefined) return loadKubeconfig(kubeconfig)
  const directory = new ClusterDirectory(name)
  const here = directory.exists() ? undefined : thisHost()
  if (!here) return parseKubeconfig(adminKubeconfig(directory.read(), directory), '/')
  if (existsSync(ownKubeconfig)) {
    return loadKubeconfig(ownKubeconfig)
  }
  throw new CliError(
    `host "${here.name}" is a worker and has no right to do this; do it on the control plane`,
    'state',
  )
}

export function adminClientOf(access: ClusterAccess): Client {
  return new Client(openRest(access, 'kemu'))
}
