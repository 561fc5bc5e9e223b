import { Client } from './client.ts'
import { openRest } from './connect-rest.ts'
import { GrpcTransport } from './grpc-transport.ts'
import { loadKubeconfig } from './kubeconfig.ts'
import type { ClusterAccess } from './kubeconfig.ts'
import type { Transport } from './transport.ts'

/** The client of the cluster and user that a kubeconfig file names: gRPC where the server offers it, else REST. */
export function connectKubeconfig(file: string, userAgent: string): Client {
  return new Client(openTransport(loadKubeconfig(file), userAgent))
}

export function openTransport(access: ClusterAccess, userAgent: string): Transport {
  return access.grpcAddress === undefined
    ? openRest(access, userAgent)
    : openGrpc(access, access.grpcAddress, userAgent)
}

function openGrpc(access: ClusterAccess, address: string, userAgent: string): GrpcTransport {
  return new GrpcTransport({
    target: address,
    tls: access,
    token: access.token,
    userAgent,
  })
}
