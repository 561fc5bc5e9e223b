import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isClusterLoopback } from '@kemu/network/address'

/** Why NetworkPolicy objects cannot be enforced on a node of this address; undefined where they can. */
export function whyNoPolicies(
  address: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (isClusterLoopback(address))
    return 'pods have no network namespaces of their own on the loopback network'
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  if (folders.some((folder) => existsSync(join(folder, 'nft')))) return undefined
  return 'nft (nftables) is not installed on this node'
}
