import type { StoreHash } from '../mvcc/hash.ts'
import type { Revision } from '../mvcc/version.ts'

/** One member's data up to a revision. */
export interface MemberHash extends StoreHash {
  readonly member: bigint
  /** Where the member stood when it was asked. */
  readonly revision: Revision
}

/** Whose data cannot be right; `everybody`: they differ, and no majority says who is wrong. */
export type Verdict =
  | { readonly kind: 'consistent' }
  | { readonly kind: 'corrupt'; readonly members: readonly bigint[] }
  | { readonly kind: 'everybody' }

const consistent: Verdict = { kind: 'consistent' }

/** Members whose data differ from ours at the same revision after the same compaction; others cannot be compared. */
export function findDifferent(own: StoreHash, peers: readonly MemberHash[]): bigint[] {
  return peers
    .filter((peer) => peer.compactRevision === own.compactRevision && peer.hash !== own.hash)
    .map(({ member }) => member)
}

/**
 * The leader's look at the others (etcd: PeriodicCheck): `before` is what it had when it asked them, `after` what it has
 * once everything that was under way has been applied.
 */
export function judgeFollowers(
  before: StoreHash,
  peers: readonly MemberHash[],
  after: StoreHash & { readonly revision: Revision },
): Verdict {
  const wrong = peers.find(
    (peer) =>
      peer.revision > after.revision ||
      peer.compactRevision > after.compactRevision ||
      (peer.compactRevision === before.compactRevision && peer.hash !== before.hash),
  )
  return wrong ? { kind: 'corrupt', members: [wrong.member] } : consistent
}

/** What a compaction left must be the same everywhere (etcd: CompactHashCheck): the majority is right. */
export function judgeCompaction(all: readonly MemberHash[]): Verdict {
  const byHash = new Map<number, bigint[]>()
  for (const { hash, member } of all) byHash.set(hash, [...(byHash.get(hash) ?? []), member])
  if (byHash.size <= 1) return consistent
  const groups = [...byHash.values()].sort((a, b) => b.length - a.length)
  const [largest, ...rest] = groups
  if (largest!.length < Math.floor(all.length / 2) + 1) return { kind: 'everybody' }
  return { kind: 'corrupt', members: rest.flat() }
}
