import { networkInterfaces } from 'node:os'
import { readFileSync } from 'node:fs'
import { CliError } from '../cli-error.ts'

/** This machine's address on the network over which it reaches others. */
export interface OwnAddress {
  readonly address: string
  /** The network, as `address/length` of this machine. */
  readonly cidr: string
}

/** The IPv4 address of the interface that has the default route; KEMU_ADDRESS chooses another one. */
export function ownAddress(env: Readonly<Record<string, string | undefined>>): OwnAddress {
  const wish = env['KEMU_ADDRESS']
  const device = defaultDevice(readFileSync('/proc/net/route', 'latin1'))
  const all = Object.entries(networkInterfaces()).flatMap(([name, entries]) =>
    (entries ?? []).filter((entry) => entry.family === 'IPv4').map((entry) => ({ name, ...entry })),
  )
  const found = all.find(({ name, address }) => (wish ? address === wish : name === device))
  if (!found?.cidr) {
    throw new CliError(
      wish
        ? `no interface has the address ${wish} of KEMU_ADDRESS`
        : 'there is no default route to tell this host its address; set KEMU_ADDRESS',
    )
  }
  return { address: found.address, cidr: found.cidr }
}

/** /proc/net/route: the interface of the route to 0.0.0.0 with the best metric. */
export function defaultDevice(table: string): string | undefined {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1] === '00000000' && fields[7] === '00000000')
    .sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0]
}
