import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connectionOf } from '@kemu/rpc'
import type { ServerUnaryCall, ServerWritableStream } from '@kemu/rpc'
import { LazyAbort } from '../request/lazy-abort.ts'
import type { Caller } from '../request/api-request.ts'
import { readCertificate } from '../rest/peer.ts'

type AnyCall = ServerUnaryCall<never, never> | ServerWritableStream<never, never>

interface Cancellable {
  on(event: 'cancelled', listener: () => void): unknown
}

/** What every call can do, whatever its messages are. */
export type CallerSource = Pick<AnyCall, 'metadata' | 'getAuthContext' | 'getPeer'> & Cancellable

/** Certificates by connection: one connection makes many calls. */
const known = new WeakMap<object, { readonly certificate: Caller['certificate'] }>()

/** What gRPC tells of the caller. */
export function callerOf(
  call: CallerSource,
  frontProxyAuthority: X509Certificate | undefined,
): Caller {
  const { metadata } = call
  const gone = new LazyAbort()
  call.on('cancelled', () => gone.abort())
  return {
    certificate: certificateOf(call, frontProxyAuthority),
    certificateProblem: undefined,
    header: (name) => metadata.get(name).filter((value) => typeof value === 'string'),
    headerNames: (prefix) => Object.keys(metadata.getMap()).filter((key) => key.startsWith(prefix)),
    get address() {
      return addressOf(call.getPeer())
    },
    get userAgent() {
      return String(metadata.get('user-agent')[0] ?? '')
    },
    get signal() {
      return gone.signal
    },
  }
}

function certificateOf(
  call: CallerSource,
  frontProxyAuthority: X509Certificate | undefined,
): Caller['certificate'] {
  const connection = connectionOf(call)
  const remembered = connection && known.get(connection)
  if (remembered) return remembered.certificate
  const shown = call.getAuthContext().sslPeerCertificate
  const certificate = shown && readCertificate(shown, frontProxyAuthority)
  if (connection) known.set(connection, { certificate })
  return certificate
}

function addressOf(peer: string): string {
  const host = peer.replace(/:\d+$/, '')
  return isIP(host) === 0 ? '' : host
}
