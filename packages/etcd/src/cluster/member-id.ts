import { createHash } from 'node:crypto'

/**
 * Identifiers as etcd computes them (server/etcdserver/api/membership), so that both name the same cluster alike: the
 * first eight bytes of a SHA-1 over a member's peer URLs and the cluster's token.
 */
export function memberIdOf(
  peerUrls: readonly string[],
  token: string,
  nowSeconds?: number,
): bigint {
  const text = [...peerUrls].sort().join('') + token + (nowSeconds === undefined ? '' : nowSeconds)
  return firstEightBytes(Buffer.from(text))
}

export function clusterIdOf(memberIds: readonly bigint[]): bigint {
  const bytes = Buffer.alloc(memberIds.length * 8)
  const sorted = [...memberIds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  sorted.forEach((id, i) => bytes.writeBigUInt64BE(id, i * 8))
  return firstEightBytes(bytes)
}

function firstEightBytes(bytes: Buffer): bigint {
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0)
}

/** The spelling of raft's node ids, and of etcdctl. */
export function nodeIdOf(memberId: bigint): string {
  return memberId.toString(16)
}

export function memberIdOfNode(nodeId: string): bigint {
  return nodeId === '' ? 0n : BigInt(`0x${nodeId}`)
}
