import type { Clock } from '@kemu/base'
import type { Http2Connection } from './connection.ts'

export interface KeepAlive {
  /** etcd's servers refuse pings of less than 5 s apart. */
  readonly everyMs: number
  /** How long the server may say nothing after a ping. */
  readonly timeoutMs: number
}

/**
 * Cuts a client's connection whose server says nothing any more (gRPC proposal A8): a host without power sends no FIN,
 * for a stopped process only its kernel answers. It asks only while calls are open, as servers demand.
 */
export function keepAlive(
  connection: Http2Connection,
  clock: Clock,
  { everyMs, timeoutMs }: KeepAlive,
): void {
  const { socket } = connection
  const ask = (): void => {
    if (!connection.hasStreams) return wait()
    const heardBytes = socket.bytesRead
    connection.ping()
    timer = clock.setTimer(timeoutMs, () => {
      if (socket.bytesRead === heardBytes) connection.destroy()
      else wait()
    })
  }
  const wait = (): void => {
    timer = clock.setTimer(everyMs, ask)
  }
  let timer = clock.setTimer(everyMs, ask)
  connection.onClose(() => timer.cancel())
}
