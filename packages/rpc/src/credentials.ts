import { readFileSync } from 'node:fs'
import { credentials, ServerCredentials } from '@grpc/grpc-js'
import type { ChannelCredentials } from '@grpc/grpc-js'
import { limitHandshakes } from './handshake-limit.ts'

/** PEM files of one identity, as kubeadm lays them out. */
export interface TlsFiles {
  /** Whom to trust. */
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** A client that shows its certificate and trusts only that authority. */
export function clientCredentials(files: TlsFiles): ChannelCredentials {
  return limitHandshakes(
    credentials.createSsl(
      readFileSync(files.caFile),
      readFileSync(files.keyFile),
      readFileSync(files.certFile),
    ),
  )
}

/**
 * The same from PEM texts; without a certificate the caller is known by its token, or anonymous.
 */
export function pemCredentials(pem: {
  ca: string
  cert?: string
  key?: string
}): ChannelCredentials {
  const bytes = (text: string | undefined): Buffer | null =>
    text === undefined ? null : Buffer.from(text)
  return limitHandshakes(
    credentials.createSsl(Buffer.from(pem.ca), bytes(pem.key), bytes(pem.cert)),
  )
}

/**
 * A server that asks for a client certificate and goes on without one: the caller may be known by
 * its token. A certificate that
 * no authority of ours signed counts as none.
 */
export function askingServerCredentials(pem: {
  ca: string
  cert: string
  key: string
}): ServerCredentials {
  const pair = { cert_chain: Buffer.from(pem.cert), private_key: Buffer.from(pem.key) }
  const asking = ServerCredentials.createSsl(Buffer.from(pem.ca), [pair], true)
  // grpc-js has no word for "ask, but do not insist"; these are the options that it hands to
  // node:http2.
  Object.assign(asking._getConstructorOptions() ?? {}, { rejectUnauthorized: false })
  return asking
}
