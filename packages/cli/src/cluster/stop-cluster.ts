import { join } from 'node:path'
import { sleep, systemClock } from '@kemu/base'
import { removeRuntimeGroups } from '@kemu/container-runtime/client'
import { places, stopHost } from '@kemu/host'
import { releaseLoopbackBlock, stopFabric } from '@kemu/network'
import type { ClusterDirectory } from './cluster-directory.ts'
import type { ClusterRecord } from './cluster-record.ts'

/** How long a host's processes may take to end by themselves. */
const graceMs = 2000

/** Stops every host, then their network; all data stay. */
export async function stopCluster(
  record: ClusterRecord,
  directory: ClusterDirectory,
): Promise<void> {
  await Promise.all(
    record.hosts.map(async ({ name }) => {
      await stopHost(directory.host(name), graceMs, { clock: systemClock })
      await removeGroups(join(directory.host(name), places.runtimeRoot))
    }),
  )
  if (record.plan.driver === 'netns') await stopFabric(directory.fabric, systemClock)
}

/** Control groups are the machine's: they outlive the host. The last processes of it may still be ending. */
async function removeGroups(runtimeRoot: string): Promise<void> {
  for (let tries = 50; !removeRuntimeGroups(runtimeRoot) && tries > 0; tries--)
    await sleep(systemClock, 20)
}

/** Stops the cluster and removes everything it kept. */
export async function deleteCluster(
  record: ClusterRecord,
  directory: ClusterDirectory,
): Promise<void> {
  await stopCluster(record, directory)
  if (record.loopbackBlock !== undefined) {
    releaseLoopbackBlock(record.loopbackBlock, directory.path)
  }
  directory.remove()
}
