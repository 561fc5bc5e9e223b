import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '@kemu/base'
import { shiftPort } from '@kemu/network/address'
import type { Surroundings } from './surroundings.ts'

/**
 * How long a program that was asked to end still takes new connections: the news that its pod left the Service needs
 * this long to reach every proxy, and a rollout must not refuse anybody meanwhile.
 */
const lingerMs = 1000

export interface WebServerDeps {
  readonly clock: Clock
  readonly surroundings: Surroundings
}

/** Listens on the pod's address; rejects with the system's reason (a port that is taken). */
export async function listen(
  port: number,
  listener: RequestListener,
  { surroundings }: WebServerDeps,
): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 5000 }, listener)
  // As other web servers do: a client that has closed its half (nc, after its request) still gets its answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  const real = shiftPort(port, surroundings.portFloor)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: real, host: surroundings.bindAddress }, resolve)
  })
  return server
}

/** The port that is really open. */
export function openPort(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** Ends the process on these signals once the requests under way are answered. */
export function endGracefully(
  servers: readonly Server[],
  signals: readonly NodeJS.Signals[],
  { clock }: WebServerDeps,
): void {
  let ending = false
  const end = (): void => {
    if (ending) return process.exit(0)
    ending = true
    for (const server of servers) {
      // Connections that are kept open move to other pods with their next answer.
      server.prependListener('request', (_request, response) =>
        response.setHeader('Connection', 'close'),
      )
    }
    clock.setTimer(lingerMs, () => void closeAll(servers).then(() => process.exit(0)))
  }
  for (const signal of signals) process.on(signal, end)
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve)
          server.closeIdleConnections()
        }),
    ),
  )
}

/** Runs a program's main function; what it cannot do is said on standard error. */
export function runProgram(name: string, main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
