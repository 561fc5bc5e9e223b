import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '@kemu/base'

/**
 * Ends a request when its connection brings nothing for the given time. client-go pings its connections for that
 * (HTTP/2 ReadIdleTimeout and PingTimeout); HTTP/1.1 knows no ping.
 */
export function limitSilence(outgoing: ClientRequest, clock: Clock, limitMs: number): void {
  outgoing.once('socket', (socket: Socket) => {
    let heardBytes = socket.bytesRead
    const look = (): void => {
      if (socket.bytesRead === heardBytes) {
        outgoing.destroy(new Error(`nothing heard from the server for ${limitMs / 1000} s`))
        return
      }
      heardBytes = socket.bytesRead
      timer = clock.setTimer(limitMs, look)
    }
    let timer = clock.setTimer(limitMs, look)
    outgoing.once('close', () => timer.cancel())
  })
}
