import { existsSync, readFileSync } from 'node:fs'
import { Client, openRest, parseKubeconfig } from '@kemu/client'
import type { ClusterAccess } from '@kemu/client'
import { CliError } from '../cli-error.ts'
import { adminKubeconfig } from './cluster-access.ts'
import { ClusterDirectory } from './cluster-directory.ts'
import { thisHost } from './this-host.ts'

const ownKubeconfig = '/etc/kubernetes/super-admin.conf'

/** All rights, on a person's machine, or on one that is itself a host of the control plane (docker-compose.yml). */
export function adminAccess(name: string): ClusterAccess {
  const directory = new ClusterDirectory(name)
  const here = directory.exists() ? undefined : thisHost()
  if (!here) return parseKubeconfig(adminKubeconfig(directory.read(), directory), '/')
  if (existsSync(ownKubeconfig)) {
    return parseKubeconfig(readFileSync(ownKubeconfig, 'utf8'), ownKubeconfig)
  }
  throw new CliError(
    `host "${here.name}" is a worker and has no right to do this; do it on the control plane`,
    'state',
  )
}

export function adminClientOf(access: ClusterAccess): Client {
  return new Client(openRest(access, 'kemu'))
}
