/**
 * What a client of the store needs of this package: a gRPC connection with our own framing (ADR 10). Messages and
 * methods are in `@kemu/rpc/etcd-codec`.
 */
export { dial } from '../grpc/client.ts'
export type {
  Channel,
  ChannelDeps,
  ChannelTarget,
  ClientCall,
  ClientStreamEvents,
} from '../grpc/client.ts'
export { code, GrpcError } from '../grpc/status.ts'
