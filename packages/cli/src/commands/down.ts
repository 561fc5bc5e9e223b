import { systemClock } from '@kemu/base'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { deleteCluster, stopCluster } from '../cluster/stop-cluster.ts'
import { print } from '../output/print.ts'
import { Progress } from '../output/progress.ts'

/** `kemu down`: stops a cluster; `kemu up` brings it back with everything in it. */
export async function down(options: { readonly name: string }): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const record = directory.read()
  const progress = new Progress(systemClock, print)
  const unlock = directory.lock()
  try {
    await progress.step('down', `Cluster "${record.name}" is stopped, its data are kept`, () =>
      stopCluster(record, directory),
    )
  } finally {
    unlock()
  }
}

/** `kemu delete`: stops a cluster and removes all it kept. */
export async function remove(options: { readonly name: string }): Promise<void> {
  const directory = new ClusterDirectory(options.name)
  const record = directory.read()
  const progress = new Progress(systemClock, print)
  const unlock = directory.lock()
  try {
    await progress.step('delete', `Cluster "${record.name}" is removed`, () =>
      deleteCluster(record, directory),
    )
  } finally {
    unlock()
  }
}
