import { processResolver, systemClock } from '@kemu/base'
import type { ClusterAccess } from './kubeconfig.ts'
import { RestTransport } from './rest-transport.ts'

/** REST whatever else the server offers. A program that uses only this does not carry gRPC in its bundle. */
export function openRest(access: ClusterAccess, userAgent: string): RestTransport {
  const { server, ca, cert, key, token } = access
  return new RestTransport({
    server,
    ca,
    cert,
    key,
    token,
    userAgent,
    resolve: processResolver(),
    clock: systemClock,
  })
}
