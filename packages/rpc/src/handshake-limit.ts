import type { Socket } from 'node:net'
import type { ChannelCredentials } from '@grpc/grpc-js'
import { systemClock } from '@kemu/base'

/** client-go's TLSHandshakeTimeout (net/http). */
const handshakeMsMax = 10_000

/**
 * Ends TLS handshakes that nobody answers. Of a stopped process only the kernel takes connections, and grpc-js has no
 * limit of its own there: calls would wait for as long as the process stands still, though another server might answer.
 */
export function limitHandshakes<C extends ChannelCredentials>(
  credentials: C,
  limitMs = handshakeMsMax,
): C {
  const create = credentials._createSecureConnector.bind(credentials)
  credentials._createSecureConnector = (...about) => {
    const connector = create(...about)
    const connect = connector.connect.bind(connector)
    connector.connect = (socket) => within(limitMs, socket, connect(socket))
    return connector
  }
  return credentials
}

/** grpc-js closes the socket of a handshake that was rejected. */
function within<T>(limitMs: number, socket: Socket, handshake: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const tooLate = (): void => reject(new Error('net/http: TLS handshake timeout'))
    const timer = systemClock.setTimer(limitMs, tooLate)
    socket.once('close', () => timer.cancel())
    void handshake.then(resolve, reject).finally(() => timer.cancel())
  })
}
