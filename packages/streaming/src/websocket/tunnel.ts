import { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

/** A byte stream in binary messages: what is written is one message, what is read loses the borders. */
export function openTunnel(webSocket: WebSocket): Duplex {
  const tunnel = new Duplex({
    read: () => webSocket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(chunk, () => done())
      else done()
    },
    final: (done) => {
      webSocket.close(1000)
      done()
    },
    destroy: (error, done) => {
      webSocket.terminate()
      done(error)
    },
  })
  webSocket.on('message', (data: RawData) => {
    if (!tunnel.readableEnded && !tunnel.push(data)) webSocket.pause()
  })
  webSocket.on('close', () => {
    if (!tunnel.destroyed && !tunnel.readableEnded) tunnel.push(null)
    tunnel.destroy()
  })
  return tunnel
}
