import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { chooseProtocol, offeredProtocols, refuseUpgrade } from '../handshake.ts'
import { acceptWebSocket } from './accept.ts'

/** wsstream.NewDefaultReaderProtocols: bytes as they are, or as base64 text. */
const protocols = ['binary.k8s.io', 'base64.binary.k8s.io']

/** Upstream's reader sends at most so many bytes a message. */
const messageBytesMax = 2048

/**
 * Answers a WebSocket request with the bytes of a source, one way: an empty message first, then messages, then the end.
 * What the client sends is ignored. Resolves when the connection has ended; a client that leaves ends the source.
 * Source: k8s.io/streaming wsstream.Reader.
 */
export async function sendAsMessages(
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  source: Readable,
): Promise<void> {
  const offered = offeredProtocols(message, 'sec-websocket-protocol')
  const protocol = chooseProtocol(offered, protocols)
  if (offered.length > 0 && protocol === undefined) {
    source.destroy()
    return refuseUpgrade(socket, 403, '')
  }
  const { webSocket } = await acceptWebSocket(message, socket, head, protocols)
  const isText = protocol === 'base64.binary.k8s.io'
  webSocket.on('close', () => source.destroy())
  webSocket.on('error', () => source.destroy())
  const send = (bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve())
      webSocket.send(isText ? bytes.toString('base64') : bytes, { binary: !isText }, done)
    })
  try {
    await send(Buffer.alloc(0))
    for await (const chunk of source as AsyncIterable<Buffer>)
      for (let at = 0; at < chunk.length; at += messageBytesMax)
        await send(chunk.subarray(at, at + messageBytesMax))
    webSocket.close(1000)
  } catch {
    webSocket.terminate() // the client left, or the source broke: what was sent is not all
  }
}
