import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Call, Peer } from '@kemu/rpc'
import { LazyAbort } from '../request/lazy-abort.ts'
import type { Caller } from '../request/api-request.ts'
import { readCertificate } from '../rest/peer.ts'

/** Certificates by connection: one connection makes many calls. */
const known = new WeakMap<Peer, { readonly certificate: Caller['certificate'] }>()

/** What gRPC tells of the caller. */
export function callerOf(call: Call, frontProxyAuthority: X509Certificate | undefined): Caller {
  const { metadata, peer } = call
  const gone = new LazyAbort()
  call.onCancelled(() => gone.abort())
  return {
    certificate: certificateOf(peer, frontProxyAuthority),
    certificateProblem: undefined,
    header: (name) => {
      const value = metadata[name]
      return value === undefined ? [] : [value]
    },
    headerNames: (prefix) => Object.keys(metadata).filter((key) => key.startsWith(prefix)),
    address: isIP(peer.address) === 0 ? '' : peer.address,
    userAgent: metadata['user-agent'] ?? '',
    get signal() {
      return gone.signal
    },
  }
}

function certificateOf(
  peer: Peer,
  frontProxyAuthority: X509Certificate | undefined,
): Caller['certificate'] {
  const remembered = known.get(peer)
  if (remembered) return remembered.certificate
  const shown = peer.certificate()
  const certificate = shown && readCertificate(shown, frontProxyAuthority)
  known.set(peer, { certificate })
  return certificate
}
