import type { Duplex } from 'node:stream'

/** Opens a connection to a port of the pod; rejects with the reason that the client is shown. */
export type OpenPort = (port: number) => Promise<Duplex>

/** Carries bytes both ways until both sides have ended, or one broke. */
export function joinStreams(client: Duplex, server: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = 2
    const done = (): void => {
      open -= 1
      if (open === 0) resolve()
    }
    const fail = (error: Error): void => {
      client.destroy()
      server.destroy()
      reject(error)
    }
    client.on('error', fail)
    server.on('error', fail)
    client.on('close', done)
    server.on('close', done)
    client.pipe(server)
    server.pipe(client)
  })
}
