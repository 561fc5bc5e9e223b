import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { ServerUnaryCall, ServerWritableStream } from '@kemu/rpc'
import type { Caller } from '../request/api-request.ts'
import { readCertificate } from '../rest/peer.ts'

type AnyCall = ServerUnaryCall<never, never> | ServerWritableStream<never, never>

interface Cancellable {
  on(event: 'cancelled', listener: () => void): unknown
}

/** What every call can do, whatever its messages are. */
export type CallerSource = Pick<AnyCall, 'metadata' | 'getAuthContext' | 'getPeer'> & Cancellable

/** Certificates that were read, by their bytes: one connection makes many calls. */
const known = new WeakMap<Buffer, Caller['certificate']>()

/** What gRPC tells of the caller. */
export function callerOf(
  call: CallerSource,
  frontProxyAuthority: X509Certificate | undefined,
): Caller {
  const { metadata } = call
  const shown = call.getAuthContext().sslPeerCertificate
  const gone = new AbortController()
  call.on('cancelled', () => gone.abort())
  return {
    certificate: shown && readOnce(shown, frontProxyAuthority),
    certificateProblem: undefined,
    header: (name) => metadata.get(name).filter((value) => typeof value === 'string'),
    headerNames: (prefix) => Object.keys(metadata.getMap()).filter((key) => key.startsWith(prefix)),
    address: addressOf(call.getPeer()),
    userAgent: String(metadata.get('user-agent')[0] ?? ''),
    signal: gone.signal,
  }
}

function readOnce(
  shown: Parameters<typeof readCertificate>[0],
  frontProxyAuthority: X509Certificate | undefined,
): Caller['certificate'] {
  let certificate = known.get(shown.raw)
  if (!certificate) {
    certificate = readCertificate(shown, frontProxyAuthority)
    known.set(shown.raw, certificate)
  }
  return certificate
}

function addressOf(peer: string): string {
  const host = peer.replace(/:\d+$/, '')
  return isIP(host) === 0 ? '' : host
}
