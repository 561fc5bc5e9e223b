import { createHash, X509Certificate } from 'node:crypto'
import type { PeerCertificate as NodeCertificate, TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../request/api-request.ts'

/** Who shows a certificate, and what is wrong with it. */
export interface Peer {
  readonly certificate: PeerCertificate | undefined
  readonly certificateProblem: string | undefined
}

export const unknownPeer: Peer = { certificate: undefined, certificateProblem: undefined }

const known = new WeakMap<TLSSocket, Peer>()

/** Reads a connection's certificate once; all its requests share the answer. */
export function peerOf(socket: TLSSocket, frontProxyAuthority: X509Certificate | undefined): Peer {
  let peer = known.get(socket)
  if (!peer) known.set(socket, (peer = readPeer(socket, frontProxyAuthority)))
  return peer
}

function readPeer(socket: TLSSocket, frontProxyAuthority: X509Certificate | undefined): Peer {
  const shown = socket.getPeerCertificate()
  if (!shown?.raw) return unknownPeer
  if (!socket.authorized) {
    return { certificate: undefined, certificateProblem: String(socket.authorizationError) }
  }
  return { certificate: readCertificate(shown, frontProxyAuthority), certificateProblem: undefined }
}

export function readCertificate(
  shown: NodeCertificate,
  frontProxyAuthority: X509Certificate | undefined,
): PeerCertificate {
  const subject = shown.subject as unknown as Record<string, string | string[] | undefined>
  const certificate = new X509Certificate(shown.raw)
  const fromProxy = frontProxyAuthority && certificate.verify(frontProxyAuthority.publicKey)
  return {
    commonName: listOf(subject['CN'])[0] ?? '',
    organizations: listOf(subject['O']),
    uid: listOf(subject['1.3.6.1.4.1.57683.2'])[0] ?? '',
    fingerprint: createHash('sha256').update(shown.raw).digest('hex'),
    authority: fromProxy ? 'front-proxy' : 'client',
  }
}

function listOf(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}
