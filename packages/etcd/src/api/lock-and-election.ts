import { CompareCompareTarget, ElectionService, LockService } from '@kemu/rpc/etcd-codec'
import type { KeyValue, LeaderKey, LeaderRequest, LeaderResponse } from '@kemu/rpc/etcd-codec'
import type { Random } from '@kemu/base'
import type { Init } from '@kemu/rpc/protobuf'
import type { Authenticator } from '../auth/authenticator.ts'
import {
  firstInQueue,
  join,
  leave,
  prefixEnd,
  prefixOf,
  txn,
  waitForTurn,
} from '../concurrency/queue-key.ts'
import type { QueueSession } from '../concurrency/queue-key.ts'
import { etcdError } from '../errors.ts'
import type { Call, GrpcServer, StreamHandler } from '../grpc/server.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { Member } from '../member/member.ts'
import { Watcher } from '../mvcc/watch-hub.ts'
import { newLeaseId } from './lease.ts'

export interface LockDeps {
  readonly member: Member
  readonly authenticator: Authenticator
  readonly random: Random
}

/** etcd's sessions: defaultSessionTTL, in seconds. */
const sessionTtlSeconds = 60
const notLeader = (): GrpcError => new GrpcError(code.UNKNOWN, 'election: not leader')
const noLeader = (): GrpcError => new GrpcError(code.UNKNOWN, 'election: no leader')

/** The Lock and Election services: queues of keys that live as long as their lease. */
export function addLockAndElection(server: GrpcServer, deps: LockDeps): void {
  const { member } = deps
  const header = () => ({ header: member.header() })
  server
    .async(
      LockService.Lock,
      throughClient(async ({ name, lease }, call) => {
        const session = await open(deps, call, lease)
        const place = await join(session, name, '')
        await waitForTurn(session, name, place)
        return { ...header(), key: place.key }
      }),
    )
    .async(
      LockService.Unlock,
      throughClient(async ({ key }, call) => {
        if (key === '') throw etcdError('emptyKey')
        const identity = deps.authenticator.identify(call)
        await member.submitted({ deleteRange: { key } }, identity)
        return header()
      }),
    )
    .async(
      ElectionService.Campaign,
      throughClient(async ({ name, lease, value }, call) => {
        const session = await open(deps, call, lease)
        const place = await join(session, name, value)
        await waitForTurn(session, name, place)
        const leader = { name, key: place.key, rev: place.revision, lease: session.lease }
        await proclaim(session, leader, value)
        return { ...header(), leader }
      }),
    )
    .async(
      ElectionService.Proclaim,
      throughClient(async ({ leader, value }, call) => {
        if (!leader) throw new GrpcError(code.UNKNOWN, '"leader" field must be provided')
        await proclaim(await open(deps, call, leader.lease), leader, value)
        return header()
      }),
    )
    .async(
      ElectionService.Leader,
      throughClient(async ({ name }, call) => {
        deps.member.state.auth.check(
          deps.authenticator.identify(call),
          'read',
          prefixOf(name),
          prefixEnd(prefixOf(name)),
        )
        await member.whenReadable()
        const kv = leaderOf(member, name)
        if (!kv) throw noLeader()
        return { ...header(), kv }
      }),
    )
    .async(
      ElectionService.Resign,
      throughClient(async ({ leader }, call) => {
        if (!leader) throw new GrpcError(code.UNKNOWN, '"leader" field must be provided')
        const session = await open(deps, call, leader.lease)
        await leave(session, { key: leader.key, revision: leader.rev })
        return header()
      }),
    )
    .stream(ElectionService.Observe, (call) => observe(call, deps))
}

/** etcd answers these calls with a client of its own, from whose errors nothing is left but the text. */
function throughClient<I, O>(
  handle: (request: I, call: Call<O>) => Promise<Init<O>>,
): (request: I, call: Call<O>) => Promise<Init<O>> {
  return async (request, call) => {
    try {
      return await handle(request, call)
    } catch (error) {
      throw withoutCode(error)
    }
  }
}

function withoutCode(error: unknown): unknown {
  return error instanceof GrpcError ? new GrpcError(code.UNKNOWN, error.message) : error
}

/** A lease of the caller's, or a new one that lives for a minute. */
async function open(
  { member, authenticator, random }: LockDeps,
  call: Call<unknown>,
  lease: bigint,
): Promise<QueueSession> {
  const identity = authenticator.identify(call)
  const signal = call.signal()
  if (lease !== 0n) return { member, identity, lease, signal }
  const leaseGrant = { ID: newLeaseId(random), TTL: sessionTtlSeconds }
  await member.submitted({ leaseGrant }, identity)
  return { member, identity, lease: leaseGrant.ID, signal }
}

async function proclaim(session: QueueSession, leader: LeaderKey, value: string): Promise<void> {
  const { key, rev, lease } = leader
  const { succeeded } = await txn(session, {
    compare: [{ key, target: CompareCompareTarget.CREATE, createRevision: rev }],
    success: [{ requestPut: { key, value, lease } }],
  })
  if (!succeeded) throw notLeader()
}

function leaderOf(member: Member, name: string): KeyValue | undefined {
  const { key = '', rangeEnd = '' } = firstInQueue(name)
  const options = { revision: 0, limit: 0, countOnly: false }
  const { kvs } = member.state.store.range(key, rangeEnd, options)
  return kvs.sort((a, b) => a.createRevision - b.createRevision)[0]
}

/** Tells who leads, at once and whenever that or the leader's value changes. */
function observe(call: Call<LeaderResponse>, deps: LockDeps): StreamHandler<LeaderRequest> {
  const { member } = deps
  let watcher: Watcher | undefined
  let last = ''
  const tell = (name: string): void => {
    const kv: Init<KeyValue> | undefined = leaderOf(member, name)
    const mark = kv ? `${kv.key} ${kv.modRevision}` : ''
    if (!kv || mark === last) return
    last = mark
    call.write({ header: member.header(), kv })
  }
  const stop = (): void => {
    if (watcher) member.hub.remove(watcher)
  }
  return {
    onMessage({ name }) {
      const prefix = prefixOf(name)
      const rangeEnd = prefixEnd(prefix)
      try {
        member.state.auth.check(deps.authenticator.identify(call), 'read', prefix, rangeEnd)
      } catch (error) {
        return call.fail(withoutCode(error))
      }
      const spec = { key: prefix, rangeEnd, noPut: false, noDelete: false }
      const sink = { isReady: true, onEvents: () => tell(name), onCompacted: () => tell(name) }
      watcher = new Watcher(0, spec, sink, member.state.store.revision + 1)
      member.hub.add(watcher)
      tell(name)
    },
    onEnd() {},
    onAbort: stop,
    onDrain() {},
  }
}
