import type { Member as MemberRecord } from '@kemu/rpc/etcd-codec'
import { PeerService } from '@kemu/rpc/raft-codec'
import type { EtcdConfig } from './config.ts'
import type { Dial } from './grpc/network.ts'
import { parseUrl } from './listen-url.ts'
import { DataDirError } from './wal/errors.ts'

export interface ExistingCluster {
  readonly clusterId: bigint
  readonly members: readonly MemberRecord[]
}

/**
 * Asks the other members of --initial-cluster who belongs to the cluster that this one joins. One that lags may not
 * know yet that this member was added: its answer counts only when nobody knows better.
 */
export async function discover(config: EtcdConfig, dial: Dial): Promise<ExistingCluster> {
  const own = config.initialCluster.get(config.name) ?? []
  const others = [...config.initialCluster.values()].flat().filter((url) => !own.includes(url))
  const reasons: string[] = []
  let late: ExistingCluster | undefined
  for (const url of others) {
    try {
      const channel = await dial(parseUrl(url))
      try {
        const found = await channel.unary(PeerService.Members, {})
        const isOwn = (peerUrl: string): boolean => own.includes(peerUrl)
        if (found.members.some(({ peerURLs }) => peerURLs.some(isOwn))) return found
        late ??= found
      } finally {
        channel.close()
      }
    } catch (error) {
      reasons.push(`${url}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (late) return late
  throw new DataDirError(
    `cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs: ${reasons.join('; ')}`,
  )
}
