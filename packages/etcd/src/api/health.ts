import { HealthCheckResponseServingStatus, HealthService } from '@kemu/rpc/grpc-codec'
import type { HealthCheckRequest, HealthCheckResponse } from '@kemu/rpc/grpc-codec'
import type { Call, GrpcServer, StreamHandler } from '../grpc/server.ts'
import { code, GrpcError } from '../grpc/status.ts'

/** The name that stands for the server as a whole, the only one that etcd knows. */
const wholeServer = ''

/** gRPC's health service: a server that answers serves. */
export function addHealth(server: GrpcServer): void {
  server
    .async(HealthService.Check, ({ service }) => {
      if (service !== wholeServer) throw new GrpcError(code.NOT_FOUND, 'unknown service')
      return { status: HealthCheckResponseServingStatus.SERVING }
    })
    .stream(HealthService.Watch, watch)
}

/** Says it once; it stays so until the connection ends with the server. */
function watch(call: Call<HealthCheckResponse>): StreamHandler<HealthCheckRequest> {
  return {
    onMessage({ service }) {
      const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponseServingStatus
      call.write({ status: service === wholeServer ? SERVING : SERVICE_UNKNOWN })
    },
    onEnd() {},
    onAbort() {},
    onDrain() {},
  }
}
