import { PeerService } from '@kemu/rpc/raft-codec'
import { leaderLeases } from '../api/lease.ts'
import type { LeaderLeases } from '../api/lease.ts'
import { atLeader } from './at-leader.ts'
import type { AtLeaderDeps } from './at-leader.ts'

/** Leases answered where this member leads, else by the leader. */
export function forwardedLeases(deps: AtLeaderDeps): LeaderLeases {
  const own = leaderLeases(deps.member)
  return {
    renew: (id) =>
      atLeader(
        deps,
        () => own.renew(id),
        async (channel) => (await channel.unary(PeerService.LeaseKeepAlive, { ID: id })).TTL,
      ),
    timeToLive: (request) =>
      atLeader(
        deps,
        () => own.timeToLive(request),
        (channel) => channel.unary(PeerService.LeaseTimeToLive, request),
      ),
  }
}
