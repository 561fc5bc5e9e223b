/**
 * HTTP/2 as gRPC needs it, directly on a socket (docs/adr/0010): frames, flow control, header blocks. Below every gRPC
 * server and client of ours, the store's own and the general ones of this package.
 */
export { Http2Connection } from './connection.ts'
export {
  headerFields,
  okTrailers,
  percentDecode,
  plainHeaders,
  requestHeaders,
  responseHeaders,
  trailers,
  trailersOnly,
} from './header-blocks.ts'
export { HpackDecoder } from './hpack-decoder.ts'
export type { Headers } from './hpack-decoder.ts'
export { keepAlive } from './keep-alive.ts'
export type { KeepAlive } from './keep-alive.ts'
export type { ErrorName } from './protocol-error.ts'
export type { MessageStream, StreamListener } from './stream.ts'
