import { encodeMessage } from '@kemu/rpc/protobuf'
import type { Init } from '@kemu/rpc/protobuf'
import { SnapshotHead, SnapshotTail, StoredVersions } from '@kemu/rpc/raft-codec'
import type { StoredVersion } from '@kemu/rpc/raft-codec'
import type { Store } from '../mvcc/store.ts'
import type { Revision, Version } from '../mvcc/version.ts'
import type { StateMachine } from '../state/state-machine.ts'
import { encodeRecord } from '../wal/record.ts'

export const snapshotFormat = 1
export const snapshotKinds = { head: 1, versions: 2, tail: 3 } as const

/** Where in the log a state stands, and whose it is. */
export interface SnapshotPlace {
  readonly clusterId: bigint
  readonly point: Init<SnapshotHead>['point']
}

const chunkBytes = 256 << 10
const headsPerPiece = 256

/**
 * The whole state as it is at this call, as records. They may be read slowly, while the store goes on: newer versions
 * are left out, and compaction waits until the last is read or `return` is called (Store.pin).
 */
export function beginSnapshot(state: StateMachine, place: SnapshotPlace): Generator<Buffer> {
  const records = snapshotRecords(state, place)
  const first = records.next()
  return resumed(first.value as Buffer, records)
}

function* resumed(first: Buffer, rest: Generator<Buffer>): Generator<Buffer> {
  try {
    yield first
    yield* rest
  } finally {
    rest.return(undefined)
  }
}

function* snapshotRecords(state: StateMachine, place: SnapshotPlace): Generator<Buffer> {
  const { store } = state
  const revision = store.revision
  const unpin = store.pin()
  try {
    const head = encodeRecord(
      snapshotKinds.head,
      encodeMessage(SnapshotHead, headOf(state, place)),
      0,
    )
    yield head.bytes
    let checksum = head.checksum
    let versions = 0
    for (const chunk of chunks(store, revision)) {
      versions += chunk.length
      const payload = encodeMessage(StoredVersions, { versions: chunk })
      const record = encodeRecord(snapshotKinds.versions, payload, checksum)
      checksum = record.checksum
      yield record.bytes
    }
    const tail = encodeMessage(SnapshotTail, { versions })
    yield encodeRecord(snapshotKinds.tail, tail, checksum).bytes
  } finally {
    unpin()
  }
}

function headOf(state: StateMachine, { clusterId, point }: SnapshotPlace): Init<SnapshotHead> {
  const { store, lessor, alarms, membership, auth } = state
  return {
    format: snapshotFormat,
    clusterId,
    point,
    revision: store.revision,
    compactRevision: store.compactRevision,
    members: membership.all(),
    removedMemberIds: membership.removed(),
    leases: lessor.all().map(({ id, ttlSeconds, remainingSeconds }) => ({
      lease: id,
      ttl: ttlSeconds,
      remainingTtl: remainingSeconds,
    })),
    alarms: alarms.all(),
    auth: auth.toStored(),
  }
}

function* chunks(store: Store, revision: Revision): Generator<Init<StoredVersion>[]> {
  let chunk: Init<StoredVersion>[] = []
  let bytes = 0
  let last: string | undefined
  for (;;) {
    const heads = store.headsAfter(last, headsPerPiece)
    if (heads.length === 0) break
    last = heads.at(-1)!.key
    for (const head of heads) {
      for (const version of chainUpTo(head, revision)) {
        chunk.push({ kv: version, sub: version.sub })
        bytes += version.key.length + version.value.length
      }
    }
    if (bytes < chunkBytes) continue
    yield chunk
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield chunk
}

/** A key's versions from old to new, without those that came after the snapshot was begun. */
function chainUpTo(head: Version, revision: Revision): Version[] {
  const chain: Version[] = []
  for (let version: Version | undefined = head; version; version = version.previous) {
    if (version.modRevision <= revision) chain.push(version)
  }
  return chain.reverse()
}
