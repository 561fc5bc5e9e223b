import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { rmSync } from 'node:fs'
import type { Logger } from '@kemu/base'
import { DesiredPorts, parseWish } from './desired-ports.ts'

/** Serves the gateway's protocol on a unix socket; tells of every change of what is wished for. */
export function serveGatewayControl(
  path: string,
  onChange: (targets: Map<number, string[]>) => void,
  logger: Logger,
): Promise<Server> {
  const desired = new DesiredPorts<Socket>()
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
        desired.set(socket, parseWish(last))
        onChange(desired.targets())
      } catch (error) {
        logger.warn('Refused a gateway client', { err: error as Error })
        socket.destroy()
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      desired.remove(socket)
      onChange(desired.targets())
    })
  })
  rmSync(path, { force: true })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
}
