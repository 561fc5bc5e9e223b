import { readFileSync } from 'node:fs'
import { dirname, resolve as resolvePath } from 'node:path'
import { parseYaml } from '@kemu/api/yaml'
import { containerPath } from '@kemu/base'

/** What a process needs to speak to one cluster as one user. */
export interface ClusterAccess {
  /** https://host:port of the REST API. */
  readonly server: string
  /** host:port of the gRPC resource API, where the server has one (our extension of the kubeconfig's cluster). */
  readonly grpcAddress?: string
  readonly ca: string
  readonly cert?: string
  readonly key?: string
  readonly token?: () => string
}

/** Name of the cluster extension that tells the gRPC address; other programs ignore it. */
export const grpcExtension = 'kemu.io/grpc'

interface KubeconfigFile {
  'current-context'?: string
  contexts?: { name: string; context: { cluster: string; user: string } }[]
  clusters?: { name: string; cluster: ClusterEntry }[]
  users?: { name: string; user: UserEntry }[]
}

interface ClusterEntry {
  server: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  extensions?: { name: string; extension: { address?: string } }[]
}

interface UserEntry {
  token?: string
  tokenFile?: string
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
}

/** A kubeconfig that cannot be used; the message names the file and what is missing in it. */
export class KubeconfigError extends Error {
  override name = 'KubeconfigError'
}

/** Reads the current context of a kubeconfig file. Relative file names in it are relative to the file. */
export function loadKubeconfig(file: string): ClusterAccess {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new KubeconfigError(`cannot read kubeconfig ${file}: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return parseKubeconfig(text, file)
}

export function parseKubeconfig(text: string, file: string): ClusterAccess {
  const config = parseYaml(text) as KubeconfigFile
  const find = <T extends { name: string }>(
    what: string,
    list: T[] | undefined,
    name: string | undefined,
  ): T => {
    const found = list?.find((entry) => entry.name === name)
    if (!found) throw new KubeconfigError(`${file}: no ${what} named ${JSON.stringify(name ?? '')}`)
    return found
  }
  const { context } = find('context', config.contexts, config['current-context'])
  const { cluster } = find('cluster', config.clusters, context.cluster)
  const { user } = find('user', config.users, context.user)
  const load = (data: string | undefined, path: string | undefined): string | undefined => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString()
    return path === undefined ? undefined : readFileSync(pathFrom(file, path), 'utf8')
  }
  const ca = load(cluster['certificate-authority-data'], cluster['certificate-authority'])
  if (ca === undefined)
    throw new KubeconfigError(`${file}: cluster ${context.cluster} names no certificate authority`)
  const grpc = cluster.extensions?.find((e) => e.name === grpcExtension)?.extension.address
  return {
    server: cluster.server,
    ca,
    cert: load(user['client-certificate-data'], user['client-certificate']),
    key: load(user['client-key-data'], user['client-key']),
    ...(grpc !== undefined && { grpcAddress: grpc }),
    ...tokenOf(user, file),
  }
}

function tokenOf(user: UserEntry, file: string): { token?: () => string } {
  const { token, tokenFile } = user
  if (token !== undefined) return { token: () => token }
  if (tokenFile === undefined) return {}
  const path = pathFrom(file, tokenFile)
  return { token: () => readFileSync(path, 'utf8').trim() }
}

/** A file that a kubeconfig names: relative to it, or absolute in the file system of the process's container. */
function pathFrom(file: string, path: string): string {
  return containerPath(resolvePath(dirname(file), path))
}
