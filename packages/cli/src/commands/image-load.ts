import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hostProcess, shortRunDir } from '@kemu/host'
import { ImageClient, openArchive } from '@kemu/container-runtime/client'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import type { HostRecord } from '../cluster/cluster-record.ts'
import { CliError } from '../cli-error.ts'
import { print } from '../output/print.ts'
import { typed } from '../output/typed.ts'

export interface ImageOptions {
  readonly name: string
  /** One host only; all of them if left out. */
  readonly host?: string
}

/** `kemu image load FILE`: brings the images of an archive to the hosts, one after the other. */
export async function imageLoad(
  file: string,
  options: ImageOptions & { readonly tag?: string },
): Promise<void> {
  if (!existsSync(file)) throw new CliError(`there is no ${file}`, 'usage')
  const directory = new ClusterDirectory(options.name)
  for (const host of chooseHosts(directory, options)) {
    const client = new ImageClient(runtimeSocket(directory, host))
    try {
      const images = await client.load(openArchive(file), options.tag)
      for (const { names } of images) print(`${host.name}: ${names.join(', ')}\n`)
    } catch (error) {
      throw new CliError(`${host.name}: cannot load ${file}: ${(error as Error).message}`)
    } finally {
      client.close()
    }
  }
}

/** The hosts that are meant; all of them must run. */
export function chooseHosts(directory: ClusterDirectory, options: ImageOptions): HostRecord[] {
  const { host } = options
  const { hosts } = directory.read()
  const chosen = hosts.filter(({ name }) => host === undefined || name === host)
  if (chosen.length === 0) {
    const names = hosts.map(({ name }) => name).join(', ')
    throw new CliError(`there is no host "${host}"; there are: ${names}`, 'usage')
  }
  const down = chosen.find(({ name }) => !hostProcess(directory.host(name)))
  if (down)
    throw new CliError(
      `host "${down.name}" is down; start it with: ${typed('up', options.name)}`,
      'state',
    )
  return chosen
}

/** The container runtime's socket as the person's machine sees it. */
export function runtimeSocket(directory: ClusterDirectory, { name }: HostRecord): string {
  return join(shortRunDir(directory.host(name), process.getuid?.() ?? 0), 'cri.sock')
}
