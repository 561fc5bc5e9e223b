import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'

/** Added to ports that the user may not bind, on the loopback driver only. */
export const portShift = 20_000

/** Environment variable by which a host tells its processes the lowest port that they may bind; 0 is every port. */
export const portFloorVariable = 'KEMU_PORT_FLOOR'

const startFile = '/proc/sys/net/ipv4/ip_unprivileged_port_start'

/** Where a port is really opened by a user who may bind only ports from the floor on. */
export function shiftPort(port: number, floor: number): number {
  return port > 0 && port < floor ? port + portShift : port
}

/**
 * The lowest port that this process may bind: the environment's word, else the kernel's limit, tested by one bind of
 * the port below it. Capabilities alone do not tell: in a user namespace they say nothing about a network namespace
 * that belongs to another.
 */
export async function detectPortFloor(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  const told = env[portFloorVariable]
  if (told !== undefined && /^\d+$/.test(told)) return Number(told)
  const start = Number(readFileSync(startFile, 'utf8'))
  if (start <= 1) return 0
  return (await mayBind(start - 1)) ? 0 : start
}

/** The kernel checks permission before anything else, so "in use" means that it was granted. */
function mayBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.on('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(error.code !== 'EACCES' && error.code !== 'EPERM')
    })
    socket.bind({ address: '127.0.0.1', port, exclusive: true }, () => {
      socket.close()
      resolve(true)
    })
  })
}
