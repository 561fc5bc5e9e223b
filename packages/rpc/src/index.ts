/**
 * gRPC as kemu uses it, on the HTTP/2 of `@kemu/rpc/http2`: services compiled ahead from proto/, typed handlers and
 * clients, TLS, and names that are looked up in the emulated host's own hosts file. The services themselves are
 * separate doors (`@kemu/rpc/etcd`, `/cri`, `/resources`, `/host`), so that a bundle carries only what it speaks.
 */
export { RpcChannel } from './client.ts'
export type { Caller, CallOptions, ChannelOptions, RpcClient } from './client.ts'
export type { ClientTls } from './dial.ts'
export { RpcError, toRpcError } from './error.ts'
export { binaryValue, bytesOf } from './metadata.ts'
export type { Metadata } from './metadata.ts'
export type { MessageQueue } from './message-queue.ts'
export type { Peer } from './peer.ts'
export { RpcServer } from './server.ts'
export type { Call, Handler, Handlers, ServerTls, StreamingCall } from './server.ts'
export type { Bidi, ClientStream, Message, ServerStream, Service, Unary } from './service.ts'
export { status, statusName } from './status.ts'
