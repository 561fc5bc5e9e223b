import type { ChannelTarget } from '../grpc/client.ts'
import { parseUrl } from '../listen-url.ts'

/** In the head of a stream of messages: where its sender is reached. etcd has the same: X-PeerURLs of rafthttp. */
export const peerUrlsHeader = 'x-peerurls'

/** Undefined when the sender does not say it, or says nonsense. */
export function introducedTargets(header: string | undefined): ChannelTarget[] | undefined {
  if (!header) return undefined
  try {
    return header.split(',').map(parseUrl)
  } catch {
    return undefined
  }
}
