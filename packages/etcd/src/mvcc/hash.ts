import { KeyValue } from '@kemu/rpc/etcd-codec'
import { encodeMessage } from '@kemu/rpc/protobuf'
import { toTheEnd } from './key-range.ts'
import type { Store } from './store.ts'
import { isTombstone, versionAt } from './version.ts'
import type { Revision, Version } from './version.ts'

export interface StoreHash {
  readonly hash: number
  readonly compactRevision: Revision
  readonly hashRevision: Revision
}

/**
 * etcd's checksum of all retained versions up to a revision (server/storage/mvcc/hash.go): CRC-32C over the bucket's
 * name and then, by revision, over each version as etcd has it on disk. Members that agree give the same number, and so
 * does a real etcd with the same history. Throws when the revision is compacted or has not come yet.
 */
export function hashOf(store: Store, revision: Revision): StoreHash {
  store.checkRevision(revision)
  const hashRevision = revision > 0 ? revision : store.revision
  const { compactRevision } = store
  const versions: Version[] = []
  store.forEachHead('\0', toTheEnd, (head) => {
    const kept = keptAt(head, hashRevision)
    for (let version: Version | undefined = head; version; version = version.previous) {
      if (version.modRevision > hashRevision) continue
      // etcd leaves out what the next compaction would, of what was there at the last one.
      const isOld = version.modRevision <= compactRevision
      if (!isOld || version === kept) versions.push(version)
    }
  })
  versions.sort((a, b) => a.modRevision - b.modRevision || a.sub - b.sub)
  let crc = crc32c(Buffer.from('key'), 0)
  for (const version of versions) {
    crc = crc32c(diskKey(version), crc)
    crc = crc32c(diskValue(version), crc)
  }
  return { hash: crc, compactRevision, hashRevision }
}

/** What a compaction at `revision` would leave of a key that it is older than. */
function keptAt(head: Version, revision: Revision): Version | undefined {
  const version = versionAt(head, revision)
  return version && !isTombstone(version) ? version : undefined
}

/** Main and sub revision, big-endian, with `_` between and `t` behind a tombstone's. */
function diskKey(version: Version): Buffer {
  const key = Buffer.alloc(isTombstone(version) ? 18 : 17)
  key.writeBigInt64BE(BigInt(version.modRevision), 0)
  key[8] = 0x5f
  key.writeBigInt64BE(BigInt(version.sub), 9)
  if (isTombstone(version)) key[17] = 0x74
  return key
}

function diskValue(version: Version): Buffer {
  return encodeMessage(KeyValue, isTombstone(version) ? { key: version.key } : version)
}

let table: Uint32Array | undefined

/** CRC-32C (Castagnoli), continuing `previous`. */
export function crc32c(data: Uint8Array, previous: number): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
    return crc
  })
  let crc = ~previous
  for (const byte of data) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}
