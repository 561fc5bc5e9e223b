import type { GrpcServer } from '../grpc/server.ts'
import type { HttpListener } from '../http/exchange.ts'
import { allowOrigin } from '../http/observability.ts'

export interface DoorDeps {
  readonly server: () => GrpcServer
  readonly corsOrigins: readonly string[]
  readonly bodyBytesMax: number
}

/** Where clients come: the JSON gateway's paths, and what `other` answers. Its code is loaded when somebody asks. */
export function withGateway(deps: DoorDeps, other: HttpListener): HttpListener {
  const { server, corsOrigins, bodyBytesMax } = deps
  return (request, response) => {
    const isOurs = request.url?.startsWith('/v3/') && request.method !== 'OPTIONS'
    if (!isOurs) return other(request, response)
    allowOrigin(corsOrigins, request, response)
    import('./gateway.ts')
      .then(({ answerJson }) => answerJson({ server: server(), bodyBytesMax }, request, response))
      .catch((error: unknown) => {
        throw error
      })
  }
}
