import { readFileSync } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'
import type { Clock } from '@kemu/base'
import type { TlsFiles } from './config.ts'
import type { Network } from './grpc/network.ts'
import type { GrpcServer, ServerTls } from './grpc/server.ts'
import type { ListenUrl } from './listen-url.ts'

const closeGraceMs = 1000

/** Answers at each of the URLs; returns their ports. Throws what names the URL that cannot be. */
export async function listenAll(
  network: Network,
  server: GrpcServer,
  urls: readonly ListenUrl[],
  tls: TlsFiles | undefined,
): Promise<number[]> {
  const ports: number[] = []
  for (const { host, port, isSecure, text } of urls) {
    if (isSecure && !tls) throw new Error(`${text} needs --cert-file and --key-file`)
    try {
      ports.push(await network.listen(server, host, port, isSecure ? serverTls(tls!) : undefined))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`cannot listen on ${text}: ${reason}`, { cause: error })
    }
  }
  return ports
}

function serverTls(files: TlsFiles): ServerTls {
  const { certFile, keyFile, caFile, requireClientCertificate, minVersion, maxVersion } = files
  return {
    context: {
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      minVersion,
      maxVersion,
      ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    },
    requireClientCertificate,
  }
}

/** What a member shows the others. */
export function peerContext(files: TlsFiles | undefined): SecureContextOptions {
  return files ? serverTls(files).context : {}
}

/** Lets running calls end within a grace time. */
export function closeServer(clock: Clock, server: GrpcServer): Promise<void> {
  return server.close(closeGraceMs, (ms, then) => clock.setTimer(ms, then))
}
