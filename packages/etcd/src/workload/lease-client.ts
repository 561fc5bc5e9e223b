import { LeaseService } from '@kemu/rpc/etcd-codec'
import type { LeaseKeepAliveResponse } from '@kemu/rpc/etcd-codec'
import type { LeasePromises } from '../checkers/lease-promises.ts'
import type { KvOperation } from '../checkers/operation.ts'
import type { Channel } from '../grpc/client.ts'
import type { Client } from './client.ts'
import { perform } from './kv-client.ts'

const roundPauseMs = 500

/** Takes a lease, hangs keys on it, keeps it alive for a while, and lets it go or gives it back. */
export async function runLeaseClient(
  client: Client,
  rounds: number,
  promises: LeasePromises,
  operations: KvOperation[],
): Promise<void> {
  const { random, name, story } = client.deps
  for (let round = 1; round <= rounds && !client.isStopped; round++) {
    // Else the leases of all clients would end in the same moments.
    await client.sleep(random.int(roundPauseMs))
    const calledAtMs = client.nowMs
    const request = { TTL: 1 + random.int(3) }
    const granted = await client.call((channel) => channel.unary(LeaseService.LeaseGrant, request))
    if (!granted) {
      await client.sleep(200)
      continue
    }
    const { ID, TTL } = granted
    story(`${name}: lease ${ID} of ${TTL} s`)
    promises.onGranted(ID, TTL, calledAtMs)
    const key = `l${1 + random.int(3)}`
    await perform(client, { kind: 'put', key, value: `${name}.${round}`, lease: ID }, operations)
    for (let renewals = random.int(5); renewals > 0; renewals--) {
      await client.sleep((TTL * 1000) / 3)
      await renew(client, ID, promises)
    }
    if (random.int(3) === 0) {
      promises.onRevokeAsked(ID)
      await client.call((channel) => channel.unary(LeaseService.LeaseRevoke, { ID }))
    }
  }
}

async function renew(client: Client, ID: bigint, promises: LeasePromises): Promise<void> {
  const calledAtMs = client.nowMs
  const answer = await client.call((channel) => keepAlive(channel, ID))
  if (!answer) return
  client.deps.story(`${client.deps.name}: lease ${ID} lives for ${answer.TTL} s`)
  promises.onRenewed(ID, answer.TTL, calledAtMs, client.nowMs)
}

function keepAlive(channel: Channel, ID: bigint): Promise<LeaseKeepAliveResponse> {
  return new Promise((resolve, reject) => {
    const call = channel.stream(LeaseService.LeaseKeepAlive, {
      onMessage: (answer) => {
        resolve(answer)
        call.end()
      },
      onEnd: (error) => reject(error ?? new Error('the stream ended')),
      onDrain: () => {},
    })
    call.write({ ID })
  })
}
