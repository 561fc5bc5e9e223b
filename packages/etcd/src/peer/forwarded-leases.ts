import { PeerService } from '@kemu/rpc/raft-codec'
import { leaderLeases } from '../api/lease.ts'
import type { Leases } from '../api/lease.ts'
import type { AfterTurn } from '../host/after-turn.ts'
import { atLeader } from './at-leader.ts'
import type { AtLeaderDeps } from './at-leader.ts'
import { LeaseRenewals } from './lease-renewals.ts'

export interface ForwardedLeasesDeps extends AtLeaderDeps {
  readonly afterTurn: AfterTurn
}

/** Leases answered where this member leads, else by the leader. */
export function forwardedLeases(deps: ForwardedLeasesDeps): Leases {
  const own = leaderLeases(deps.member)
  const renewals = new LeaseRenewals({
    afterTurn: deps.afterTurn,
    renewAll: (ids) =>
      atLeader(
        deps,
        () => own.renewAll(ids),
        async (channel) => (await channel.unary(PeerService.LeaseRenew, { lease: ids })).ttl,
      ),
  })
  return {
    renew: (id) => renewals.renew(id),
    timeToLive: (request) =>
      atLeader(
        deps,
        () => own.timeToLive(request),
        (channel) => channel.unary(PeerService.LeaseTimeToLive, request),
      ),
  }
}
