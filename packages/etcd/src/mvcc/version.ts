import type { KeyValue } from '@kemu/rpc/etcd-codec'

/** A count of the store's write transactions; the empty store is at 1. */
export type Revision = number

/**
 * A key as one transaction left it. Keys and values are latin1 strings, one character a byte. The fields of KeyValue
 * are those of the API, so a version is encoded as it is.
 */
export interface Version extends KeyValue {
  /** Its place among the changes of its revision, from 0. */
  readonly sub: number
  /** What it replaced; undefined at the first version, and when that was compacted. */
  previous: Version | undefined
}

/** The version that a deletion leaves: it has no value, and counts from nothing. */
export function isTombstone(version: Version): boolean {
  return version.version === 0
}

/** What a version costs on disk, roughly: its strings and its numbers. */
export function sizeOf(version: Version): number {
  return version.key.length + version.value.length + versionOverheadBytes
}

const versionOverheadBytes = 32

/** The latest version of the chain that was there at a revision; undefined when there was none. */
export function versionAt(head: Version | undefined, revision: Revision): Version | undefined {
  let version = head
  while (version && version.modRevision > revision) version = version.previous
  return version
}
