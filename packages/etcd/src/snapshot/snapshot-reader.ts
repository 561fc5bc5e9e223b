import { decodeMessage } from '@kemu/rpc/protobuf'
import { SnapshotHead, StoredVersions } from '@kemu/rpc/raft-codec'
import type { Version } from '../mvcc/version.ts'
import type { StateMachine } from '../state/state-machine.ts'
import { corruptSnapshot, foreignFormat } from '../wal/errors.ts'
import { decodeRecord } from '../wal/record.ts'
import { snapshotFormat, snapshotKinds } from './snapshot-writer.ts'

/** Fills an empty state machine; returns where in the log the state stands. */
export function restoreSnapshot(state: StateMachine, bytes: Buffer, name: string): SnapshotHead {
  const source = records(bytes, name)
  const first = source.next()
  if (first.done || first.value.kind !== snapshotKinds.head) throw corruptSnapshot(name, 0)
  const head = readHead(first.value.payload, name)
  state.membership.restore(head.members, head.removedMemberIds)
  state.alarms.restore(head.alarms)
  state.auth.restore(head.auth)
  for (const { lease, ttl, remainingTtl } of head.leases) {
    state.lessor.restore(lease, ttl, remainingTtl)
  }
  state.store.restore(head.revision, head.compactRevision, chains(source))
  return head
}

function readHead(payload: Buffer, name: string): SnapshotHead {
  const head = decodeMessage(SnapshotHead, payload)
  if (head.format !== snapshotFormat) throw foreignFormat(name, head.format)
  return head
}

/** The records up to the tail; a snapshot without one was cut short. */
function* records(bytes: Buffer, name: string): Generator<{ kind: number; payload: Buffer }> {
  let checksum = 0
  for (let at = 0; at < bytes.length;) {
    const record = decodeRecord(bytes, at, checksum)
    if (typeof record === 'string') throw corruptSnapshot(name, at)
    checksum = record.checksum
    at = record.end
    yield record
    if (record.kind === snapshotKinds.tail) return
  }
  throw corruptSnapshot(name, bytes.length)
}

function* chains(source: Iterable<{ kind: number; payload: Buffer }>): Generator<Version[]> {
  let chain: Version[] = []
  for (const { kind, payload } of source) {
    if (kind !== snapshotKinds.versions) continue
    for (const { kv, sub } of decodeMessage(StoredVersions, payload).versions) {
      const before = chain.at(-1)
      if (before && before.key !== kv!.key) {
        yield chain
        chain = []
      }
      chain.push({ ...kv!, sub, previous: chain.at(-1) })
    }
  }
  if (chain.length > 0) yield chain
}
