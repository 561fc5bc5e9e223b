import { KVService, LeaseService } from '@kemu/rpc/etcd-codec'
import type { Channel } from '../grpc/client.ts'
import { eventually } from './eventually.ts'

/** Puts a key with a lease of a second, which may be over before the put comes: then with another. Gives the lease. */
export function putBriefly(channel: Channel, key: string): Promise<bigint> {
  return eventually(async () => {
    const { ID } = await channel.unary(LeaseService.LeaseGrant, { TTL: 1 })
    await channel.unary(KVService.Put, { key, value: 'v', lease: ID })
    return ID
  })
}
