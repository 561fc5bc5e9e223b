import { systemClock } from '@kemu/base'
import { stopHost } from '@kemu/host'
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
    record.hosts.map((host) =>
      stopHost(directory.host(host.name), graceMs, { clock: systemClock }),
    ),
  )
  if (record.plan.driver === 'netns') await stopFabric(directory.fabric, systemClock)
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
