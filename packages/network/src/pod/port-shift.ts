import { readFileSync } from 'node:fs'

/** Which ports this user may bind: everything for root, else from net.ipv4.ip_unprivileged_port_start on. */
export interface PortPrivilege {
  readonly lowestBindablePort: number
}

/** Added to ports that the user may not bind, on the loopback network only. */
export const portShift = 20_000

/** Where a port that the user may not bind is really opened. */
export function shiftPort(port: number, privilege: PortPrivilege): number {
  return port > 0 && port < privilege.lowestBindablePort ? port + portShift : port
}

/** The bit of CAP_NET_BIND_SERVICE, linux/capability.h. */
const netBindServiceBit = 10n

/** Reads this process's privilege from /proc. */
export function readPortPrivilege(): PortPrivilege {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  if (effective && ((BigInt(`0x${effective}`) >> netBindServiceBit) & 1n) === 1n)
    return { lowestBindablePort: 0 }
  const start = readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')
  return { lowestBindablePort: Number(start) }
}
