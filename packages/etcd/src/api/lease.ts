import type { Random } from '@kemu/base'
import { LeaseService } from '@kemu/rpc/etcd-codec'
import type { LeaseKeepAliveRequest, LeaseTimeToLiveRequest } from '@kemu/rpc/etcd-codec'
import type { Authenticator } from '../auth/authenticator.ts'
import { etcdError } from '../errors.ts'
import type { Call, GrpcServer } from '../grpc/server.ts'
import { GrpcError, code } from '../grpc/status.ts'
import { leaseErrors } from '../lease/lessor.ts'
import type { Member } from '../member/member.ts'

/** What only the leader's clock knows; a follower asks it. */
export interface LeaderLeases {
  /** Seconds that it lives again; throws when there is no such lease. */
  renew(id: bigint): Promise<number>
  timeToLive(request: LeaseTimeToLiveRequest): Promise<LeaseTime>
}

export interface LeaseTime {
  readonly TTL: number
  readonly grantedTTL: number
  readonly keys: readonly string[]
}

export interface LeaseDeps {
  readonly member: Member
  readonly leader: LeaderLeases
  readonly authenticator: Authenticator
  readonly random: Random
}

/** The Lease service. */
export function addLease(server: GrpcServer, deps: LeaseDeps): void {
  const { member, leader, authenticator, random } = deps
  server
    .async(LeaseService.LeaseGrant, async ({ ID, TTL }) => {
      const id = ID === 0n ? newLeaseId(random) : ID
      const granted = (await member.submitted({ leaseGrant: { ID: id, TTL } })) as {
        ID: bigint
        TTL: number
      }
      return { header: member.header(), ...granted, error: '' }
    })
    .async(LeaseService.LeaseRevoke, async ({ ID }, call) => {
      await member.submitted({ leaseRevoke: { ID } }, authenticator.identify(call))
      return { header: member.header() }
    })
    .async(LeaseService.LeaseTimeToLive, async (request, call) => {
      const identity = authenticator.identify(call)
      try {
        const time = await leader.timeToLive(request)
        for (const key of time.keys) member.state.auth.check(identity, 'read', key, '')
        return { header: member.header(), ID: request.ID, ...time }
      } catch (error) {
        if (!isNotFound(error)) throw error
        return { header: member.header(), ID: request.ID, TTL: -1 }
      }
    })
    .async(LeaseService.LeaseLeases, () => {
      const leases = member.state.lessor.all().map(({ id }) => ({ ID: id }))
      return { header: member.header(), leases: leases.sort((a, b) => (a.ID < b.ID ? -1 : 1)) }
    })
    .stream(LeaseService.LeaseKeepAlive, (call) => keepAlive(call, member, leader))
}

function keepAlive(
  call: Call<{ ID: bigint; TTL: number }>,
  member: Member,
  leader: LeaderLeases,
): {
  onMessage(request: LeaseKeepAliveRequest): void
  onEnd(): void
  onAbort(): void
  onDrain(): void
} {
  // Answers come in the order of the questions.
  let last = Promise.resolve()
  let isEnding = false
  const renew = async ({ ID }: LeaseKeepAliveRequest): Promise<void> => {
    const TTL = await leader.renew(ID).catch((error: unknown) => {
      // A lease that is gone is an answer, not an error, so that the stream goes on for the others.
      if (isNotFound(error)) return 0
      throw error
    })
    call.write({ header: member.header(), ID, TTL } as never)
  }
  return {
    onMessage(request) {
      last = last.then(() => renew(request)).catch((error: unknown) => call.fail(error))
    },
    onEnd() {
      isEnding = true
      void last.then(() => isEnding && call.end())
    },
    onAbort() {},
    onDrain() {},
  }
}

/** The leader's own answers. */
export function leaderLeases(member: Member): LeaderLeases {
  const leading = async (): Promise<void> => {
    // Another may lead already without our knowing: only a quorum can say that our clock still counts.
    await member.whenReadable()
    if (!member.isLeader) throw etcdError('notLeader')
  }
  return {
    async renew(id) {
      await leading()
      // A noted remainder would be less than the renewed lease has: it is taken back before the renewal is promised.
      if ((member.state.lessor.get(id)?.remainingSeconds ?? 0) > 0) {
        const checkpoints = [{ ID: id, remaining_TTL: 0 }]
        await member.submitted({ leaseCheckpoint: { checkpoints } })
        // Another may have begun to lead meanwhile, and with it the lease's time.
        await leading()
      }
      return member.state.lessor.renew(id)
    },
    async timeToLive({ ID, keys }) {
      await leading()
      const { lessor } = member.state
      const lease = lessor.get(ID)
      if (!lease) throw leaseErrors.notFound()
      return {
        TTL: lessor.remainingSeconds(lease),
        grantedTTL: lease.ttlSeconds,
        keys: keys ? [...lease.keys].sort() : [],
      }
    },
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof GrpcError && error.code === code.NOT_FOUND
}

/** Positive, as etcd's are. */
export function newLeaseId(random: Random): bigint {
  const id = BigInt.asUintN(63, random.bytes(8).readBigUInt64BE(0))
  return id === 0n ? 1n : id
}
