import { warningsForCidr } from '../../../validation/ip.ts'
import type { policyPeers } from './parts.ts'

export function policyWarnings(peers: ReturnType<typeof policyPeers>): string[] {
  return peers.flatMap(({ peer, path }) => {
    if (!peer.ipBlock) return []
    const { cidr, except = [] } = peer.ipBlock
    const at = path.child('ipBlock')
    return [
      ...warningsForCidr(at.child('cidr'), cidr),
      ...except.flatMap((range, i) => warningsForCidr(at.child('except').index(i), range)),
    ]
  })
}
