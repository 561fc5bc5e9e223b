import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { TcpConnection } from '@kemu/network/splice'
import type { Forwarder, OpenForwarder } from './forwarder.ts'

/** Connections wait here while the process is busy; the kernel caps it at net.core.somaxconn. */
const backlog = 4096

/** Listens on a TCP address and splices each connection to an endpoint. */
export const openTcp: OpenForwarder = (at, balancer, deps) => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
  server.on('connection', (socket: Socket) => new TcpConnection(socket, balancer, deps))
  return new Promise<Forwarder>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: at.address, port: at.port, backlog, exclusive: true }, () => {
      server.off('error', reject)
      server.on('error', (error) => deps.logger.error('Listener failed', { ...at, err: error }))
      resolve({ close: () => void server.close() })
    })
  })
}
