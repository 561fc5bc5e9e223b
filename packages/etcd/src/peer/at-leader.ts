import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { etcdError } from '../errors.ts'
import type { Channel } from '../grpc/client.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { Member } from '../member/member.ts'
import type { PeerTransport } from './peer-transport.ts'

export interface AtLeaderDeps {
  readonly member: Member
  readonly transport: PeerTransport
  readonly clock: Clock
  readonly requestTimeoutMs: number
}

/** etcd waits 50 ms before it asks again. */
const retryMs = 50

/**
 * Does something at the leader: here, or by a call to it. Tries again while there is none or it cannot be reached, as
 * long as a request may take; any other refusal is the answer.
 */
export async function atLeader<T>(
  { member, transport, clock, requestTimeoutMs }: AtLeaderDeps,
  here: () => Promise<T>,
  there: (channel: Channel) => Promise<T>,
): Promise<T> {
  const deadline = clock.monotonicMs() + requestTimeoutMs
  for (;;) {
    try {
      if (member.isLeader) return await here()
      if (member.hasLeader) return await there(await transport.channel(member.leaderId))
    } catch (error) {
      if (!isPassing(error)) throw error
    }
    if (clock.monotonicMs() >= deadline) throw etcdError('timeout')
    await sleep(clock, retryMs)
  }
}

/** It moved, or is not there just now. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof GrpcError)) return true
  return error.code === code.UNAVAILABLE || error.message === etcdError('notLeader').message
}
