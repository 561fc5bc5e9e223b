import {
  CompareCompareTarget,
  RangeRequestSortOrder,
  RangeRequestSortTarget,
} from '@kemu/rpc/etcd-codec'
import type { RangeRequest, TxnRequest, TxnResponse } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import type { Identity } from '../auth/auth-store.ts'
import { code, GrpcError } from '../grpc/status.ts'
import type { Member } from '../member/member.ts'
import { isTombstone } from '../mvcc/version.ts'
import type { Version } from '../mvcc/version.ts'
import { Watcher } from '../mvcc/watch-hub.ts'
import type { WatchSink } from '../mvcc/watch-hub.ts'

/** A place in a queue under a prefix: keys held by leases, first created first served (client/v3/concurrency). */
export interface QueueKey {
  readonly key: string
  /** Its creation gives the place. */
  readonly revision: number
}

/** Everything that follows from a session of etcd's recipes: whose lease, on whose behalf, and when to give up. */
export interface QueueSession {
  readonly member: Member
  readonly identity: Identity
  readonly lease: bigint
  readonly signal: AbortSignal
}

export function prefixOf(name: string): string {
  return `${name}/`
}

/** The end of the range of all keys that begin with a prefix that ends in `/`. */
export function prefixEnd(prefix: string): string {
  return `${prefix.slice(0, -1)}0`
}

/** Takes a place, or the one that this lease has already. */
export async function join(session: QueueSession, name: string, value: string): Promise<QueueKey> {
  const key = prefixOf(name) + session.lease.toString(16)
  const { responses, succeeded, header } = await txn(session, {
    compare: [{ key, target: CompareCompareTarget.CREATE, createRevision: 0 }],
    success: [{ requestPut: { key, value, lease: session.lease } }],
    failure: [{ requestRange: { key } }],
  })
  if (succeeded) return { key, revision: header!.revision }
  return { key, revision: responses[0]!.responseRange!.kvs[0]!.createRevision }
}

/** Waits until every older place is free; leaves the queue when it is given up. */
export async function waitForTurn(
  session: QueueSession,
  name: string,
  place: QueueKey,
): Promise<void> {
  const prefix = prefixOf(name)
  try {
    for (;;) {
      const { kvs } = session.member.state.store.range(prefix, prefixEnd(prefix), {
        revision: 0,
        limit: 0,
        countOnly: false,
      })
      const before = kvs.filter(({ createRevision }) => createRevision < place.revision)
      const last = before.sort((a, b) => b.createRevision - a.createRevision)[0]
      if (!last) break
      await deleted(session, last.key)
    }
  } catch (error) {
    await leave(session, place)
    throw error
  }
  if (session.member.state.store.get(place.key)?.createRevision !== place.revision) {
    throw new GrpcError(code.UNKNOWN, 'mutex: session is expired')
  }
}

/** Gives the place up, if it is still this one. */
export async function leave(session: QueueSession, { key, revision }: QueueKey): Promise<void> {
  await txn(session, {
    compare: [{ key, target: CompareCompareTarget.CREATE, createRevision: revision }],
    success: [{ requestDeleteRange: { key } }],
  })
}

export function firstInQueue(name: string): Init<RangeRequest> {
  const prefix = prefixOf(name)
  return {
    key: prefix,
    rangeEnd: prefixEnd(prefix),
    limit: 1,
    sortTarget: RangeRequestSortTarget.CREATE,
    sortOrder: RangeRequestSortOrder.ASCEND,
  }
}

export function txn(session: QueueSession, request: Init<TxnRequest>): Promise<TxnResponse> {
  return session.member.submitted({ txn: request }, session.identity) as Promise<TxnResponse>
}

function deleted({ member, signal }: QueueSession, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      member.hub.remove(watcher)
      signal.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      stop()
      reject(new GrpcError(code.CANCELLED, 'context canceled'))
    }
    const sink: WatchSink = {
      isReady: true,
      onEvents(_watcher, events: readonly Version[]) {
        if (!events.some(isTombstone)) return
        stop()
        resolve()
      },
      // The deletion is in what was compacted, or will be seen by reading again.
      onCompacted: () => {
        stop()
        resolve()
      },
    }
    const spec = { key, rangeEnd: '', noPut: true, noDelete: false }
    const watcher = new Watcher(0, spec, sink, member.state.store.revision + 1)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    member.hub.add(watcher)
  })
}
