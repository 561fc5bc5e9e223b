import type { Clock } from '@kemu/base'
import { sleep } from '@kemu/base'
import { PeerService } from '@kemu/rpc/raft-codec'
import { leaderLeases } from '../api/lease.ts'
import type { LeaderLeases } from '../api/lease.ts'
import { etcdError } from '../errors.ts'
import type { Channel } from '../grpc/client.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { Member } from '../member/member.ts'
import type { PeerTransport } from './peer-transport.ts'

export interface ForwardedLeasesDeps {
  readonly member: Member
  readonly transport: PeerTransport
  readonly clock: Clock
  readonly requestTimeoutMs: number
}

/** etcd waits 50 ms before it asks again. */
const retryMs = 50

/** Answers where this member leads, else asks the leader, as long as the request may take. */
export function forwardedLeases(deps: ForwardedLeasesDeps): LeaderLeases {
  const own = leaderLeases(deps.member)
  return {
    renew: (id) =>
      withLeader(
        deps,
        () => own.renew(id),
        async (channel) => (await channel.unary(PeerService.LeaseKeepAlive, { ID: id })).TTL,
      ),
    timeToLive: (request) =>
      withLeader(
        deps,
        () => own.timeToLive(request),
        (channel) => channel.unary(PeerService.LeaseTimeToLive, request),
      ),
  }
}

async function withLeader<T>(
  { member, transport, clock, requestTimeoutMs }: ForwardedLeasesDeps,
  here: () => Promise<T>,
  there: (channel: Channel) => Promise<T>,
): Promise<T> {
  const deadline = clock.monotonicMs() + requestTimeoutMs
  for (;;) {
    try {
      if (member.isLeader) return await here()
      if (member.hasLeader) return await there(await transport.channel(member.leaderId))
    } catch (error) {
      if (error instanceof GrpcError && error.code === code.NOT_FOUND) throw error
    }
    if (clock.monotonicMs() >= deadline) throw etcdError('timeout')
    await sleep(clock, retryMs)
  }
}
