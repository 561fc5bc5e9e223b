import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { chooseProtocol, offeredProtocols } from '../handshake.ts'

/** golang.org/x/net/websocket's limit, which upstream's servers have. */
const messageBytesMax = 32 * 1024 * 1024

/** Upgrades to WebSocket with the client's first choice among these subprotocols, or none if it offers none. */
export async function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocols: readonly string[],
): Promise<{ webSocket: WebSocket; protocol: string }> {
  // Loaded at the first session: the daemons that can serve one mostly do not.
  const { WebSocketServer } = await import('ws')
  const offered = offeredProtocols(request, 'sec-websocket-protocol')
  const protocol = chooseProtocol(offered, protocols) ?? ''
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    handleProtocols: () => (protocol === '' ? false : protocol),
  })
  return new Promise((resolve) => {
    server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate())
      resolve({ webSocket, protocol })
    })
  })
}
