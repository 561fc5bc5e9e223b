import { readFileSync } from 'node:fs'
import { ClusterDirectory } from '../cluster/cluster-directory.ts'
import { print } from '../output/print.ts'

/** `kemu kubeconfig`: where the kubeconfig is, or with --raw what it says. */
export function kubeconfig(options: { readonly name: string; readonly raw?: boolean }): void {
  const directory = new ClusterDirectory(options.name)
  directory.read()
  print(
    options.raw === true ? readFileSync(directory.kubeconfig, 'utf8') : `${directory.kubeconfig}\n`,
  )
}
