import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '@kemu/base'

/**
 * Ends a request when its connection brings nothing for the given time. client-go pings its connections for that
 * (HTTP/2 ReadIdleTimeout and PingTimeout); HTTP/1.1 knows no ping.
 */
export function limitSilence(outgoing: ClientRequest, clock: Clock, limitMs: number): void {
  let response: IncomingMessage | undefined
  outgoing.once('response', (begun: IncomingMessage) => (response = begun))
  outgoing.once('socket', (socket: Socket) => {
    let heardBytes = socket.bytesRead
    const look = (): void => {
      if (socket.bytesRead === heardBytes) {
        const silence = new Error(`nothing heard from the server for ${limitMs / 1000} s`)
        // Who reads the response already is told by it alone.
        ;(response ?? outgoing).destroy(silence)
        return
      }
      heardBytes = socket.bytesRead
      timer = clock.setTimer(limitMs, look)
    }
    let timer = clock.setTimer(limitMs, look)
    outgoing.once('close', () => timer.cancel())
  })
}
