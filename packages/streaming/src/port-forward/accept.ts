import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { isSpdyRequest, isWebSocketRequest, refuseUpgrade } from '../handshake.ts'
import { acceptWebSocket } from '../websocket/accept.ts'
import { openTunnel } from '../websocket/tunnel.ts'
import type { OpenPort } from './forward.ts'
import { forwardBySpdy, forwardBySpdyRequest, portForwardProtocol } from './spdy-forward.ts'
import { forwardByChannels, webSocketForwardProtocols } from './websocket-forward.ts'

/** SPDY inside a WebSocket, as kubectl 1.31 and later speaks it (KEP-4006). */
const tunnelProtocol = `SPDY/3.1+${portForwardProtocol}`

export interface PortForwardTarget {
  /** Named in error messages. */
  readonly podName: string
  /** The ports of an old WebSocket client, which names them in its request; the others name them for each stream. */
  readonly ports: readonly number[]
  readonly openPort: OpenPort
}

/** Serves an upgrade request for port-forward until its client is gone: SPDY, SPDY in a WebSocket, or channels. */
export async function servePortForward(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { podName, ports, openPort }: PortForwardTarget,
): Promise<void> {
  if (isWebSocketRequest(request)) {
    const protocols = [tunnelProtocol, ...webSocketForwardProtocols]
    const { webSocket, protocol } = await acceptWebSocket(request, socket, head, protocols)
    return protocol === tunnelProtocol
      ? forwardBySpdy(openTunnel(webSocket), podName, openPort)
      : forwardByChannels(webSocket, protocol, ports, podName, openPort)
  }
  if (!isSpdyRequest(request))
    return refuseUpgrade(socket, 400, 'unable to upgrade: missing upgrade headers in request\n')
  if (head.length > 0) socket.unshift(head)
  await forwardBySpdyRequest(request, socket, podName, openPort)
}
