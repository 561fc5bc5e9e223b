import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { rmSync } from 'node:fs'
import type { Clock, Logger, Timer } from '@kemu/base'
import { DesiredPorts, parseWish } from './desired-ports.ts'
import type { Wish } from './desired-ports.ts'

/** A client's connection, or the name of who wishes beyond it. */
type ClientKey = Socket | string

interface Holder {
  socket: Socket
  lingerMs: number
  end?: Timer
}

/** Serves the gateway's protocol on a unix socket; tells of every change of what is wished for. */
export function serveGatewayControl(
  path: string,
  onChange: (targets: Map<number, string[]>) => void,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<Server> {
  const desired = new DesiredPorts<ClientKey>()
  const holders = new Map<string, Holder>()
  const take = (socket: Socket, { ports, holder }: Wish): void => {
    if (!holder) return desired.set(socket, ports)
    holders.get(holder.name)?.end?.cancel()
    holders.set(holder.name, { socket, lingerMs: holder.lingerMs })
    desired.set(holder.name, ports)
  }
  const forget = (key: ClientKey): void => {
    desired.remove(key)
    onChange(desired.targets())
  }
  const lost = (socket: Socket): void => {
    for (const [name, holder] of holders) {
      if (holder.socket !== socket) continue
      holder.end = clock.setTimer(holder.lingerMs, () => {
        holders.delete(name)
        forget(name)
      })
      return
    }
    forget(socket)
  }
  const server = createServer((socket) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop()!
      const last = lines.at(-1)
      if (last === undefined) return
      try {
        // Each line is the whole wish: only the newest counts.
        take(socket, parseWish(last))
        onChange(desired.targets())
      } catch (error) {
        logger.warn('Refused a gateway client', { err: error as Error })
        socket.destroy()
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => lost(socket))
  })
  server.on('close', () => {
    for (const { end } of holders.values()) end?.cancel()
  })
  rmSync(path, { force: true })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
}
