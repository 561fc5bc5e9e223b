import { hostProcess } from '@kemu/host'
import { ClusterDirectory, clusterNames } from '../cluster/cluster-directory.ts'
import { print } from '../output/print.ts'
import { formatTable } from '../output/table.ts'
import { typed } from '../output/typed.ts'

/** `kemu list`: every cluster, and how many of its hosts run. */
export function list(): void {
  const rows = clusterNames().map((name) => {
    const directory = new ClusterDirectory(name)
    const { hosts, plan, apiAddress } = directory.read()
    const running = hosts.filter((host) => hostProcess(directory.host(host.name))).length
    return [name, `${running}/${hosts.length}`, plan.driver, `https://${apiAddress}`]
  })
  if (rows.length === 0) print(`No clusters. Create one with: ${typed('up')}\n`)
  else print(formatTable(['NAME', 'HOSTS', 'NETWORK', 'SERVER'], rows))
}
