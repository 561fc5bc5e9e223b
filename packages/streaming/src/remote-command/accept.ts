import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '@kemu/base'
import { isSpdyRequest, isWebSocketRequest, refuseUpgrade } from '../handshake.ts'
import type { RemoteCommandOptions, RemoteCommandSession } from './session.ts'
import { acceptSpdySession } from './spdy-session.ts'
import { acceptWebSocketSession } from './websocket-session.ts'

/**
 * Takes an upgrade request for exec or attach: WebSocket (v5 and v4.channel.k8s.io, and the older ones) or SPDY (v4 to
 * v1). Undefined when the client could not be served; it has its answer then.
 */
export async function acceptRemoteCommand(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: RemoteCommandOptions,
  clock: Clock,
): Promise<RemoteCommandSession | undefined> {
  if (isWebSocketRequest(request)) return acceptWebSocketSession(request, socket, head, options)
  if (!isSpdyRequest(request)) {
    refuseUpgrade(socket, 400, 'unable to upgrade: missing upgrade headers in request\n')
    return undefined
  }
  if (head.length > 0) socket.unshift(head)
  return acceptSpdySession(request, socket, options, clock)
}
