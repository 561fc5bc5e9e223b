/**
 * gRPC as kemu uses it: services compiled ahead from proto/, typed handlers and clients over grpc-js, credentials, and
 * names that are looked up in the emulated host's own hosts file. The services themselves are separate doors
 * (`@kemu/rpc/etcd`, `/cri`, `/resources`, `/host`), so that a bundle carries only what it speaks.
 */
export { Metadata, ServerCredentials, status } from '@grpc/grpc-js'
export type {
  ChannelCredentials,
  ClientDuplexStream,
  ClientReadableStream,
  ClientWritableStream,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js'
export { RpcChannel } from './client.ts'
export type { Caller, CallOptions, RpcClient } from './client.ts'
export { connectionOf } from './connection.ts'
export { askingServerCredentials, clientCredentials, pemCredentials } from './credentials.ts'
export type { TlsFiles } from './credentials.ts'
export { RpcError, toRpcError } from './error.ts'
export { namedTarget } from './name-resolver.ts'
export { RpcServer } from './server.ts'
export type { Handler, Handlers } from './server.ts'
export type { Bidi, ClientStream, Message, ServerStream, Service, Unary } from './service.ts'
