import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below Linux's ephemeral ports (ip_local_port_range, 32768 and up). One of those may become the near end of anybody's
 * connection while a test's server is down; somebody who dials a dead server often enough even gets its port himself.
 */
const firstPort = 10_000
const lastPort = 29_999

const given = new Set<number>()
/** Processes that ask at the same time begin in different places. */
let next = firstPort + ((process.pid * 97) % (lastPort - firstPort))

/** Ports of 127.0.0.1 that nobody listens at, for programs that are started, killed and started again. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = next
    next = next === lastPort ? firstPort : next + 1
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    ports.push(port)
  }
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
