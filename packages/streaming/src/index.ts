/**
 * Exec, attach and port-forward sessions as kubectl speaks them: SPDY/3.1 and WebSockets on the side that serves, and a
 * relay for those between that only carries bytes. Upstream's k8s.io/streaming and k8s.io/cri-streaming.
 *
 *     server.on('upgrade', async (request, socket, head) => {
 *       const session = await acceptRemoteCommand(request, socket, head, options, systemClock)
 *       session?.stdout?.write('hello')
 *       await session?.finish(commandExited(0))
 *     })
 */
export { isSpdyRequest, isWebSocketRequest, refuseUpgrade } from './handshake.ts'
export { servePortForward } from './port-forward/accept.ts'
export type { PortForwardTarget } from './port-forward/accept.ts'
export type { OpenPort } from './port-forward/forward.ts'
export { acceptRemoteCommand } from './remote-command/accept.ts'
export type {
  RemoteCommandOptions,
  RemoteCommandSession,
  TerminalSize,
} from './remote-command/session.ts'
export { commandExited, commandFailed, commandSucceeded } from './remote-command/status.ts'
export type { CommandStatus } from './remote-command/status.ts'
export { relayUpgrade } from './relay-upgrade.ts'
export type { UpgradeTarget } from './relay-upgrade.ts'
export { SpdyConnection } from './spdy/connection.ts'
export type { SpdyConnectionOptions } from './spdy/connection.ts'
export { SpdyError } from './spdy/header-codec.ts'
export type { SpdyHeaders } from './spdy/header-codec.ts'
export { SpdyStream } from './spdy/stream.ts'
export { sendAsMessages } from './websocket/byte-messages.ts'
