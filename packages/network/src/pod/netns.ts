import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { BuiltInNetwork } from '../cni/built-in-plugin.ts'
import type { CniResult } from '../cni/result.ts'
import type { BuiltInDriver } from './built-in-driver.ts'
import type { PodAttachment } from './pod-network.ts'

/** Runs `ip -batch` with this text in the runtime's own network namespace. */
export type RunIpBatch = (batch: string) => Promise<void>

/** The next hop of every pod, on no interface: a permanent neighbour entry names the host's end (Calico's way). */
const gateway = '169.254.1.1'
const hostEndMac = 'ee:ee:ee:ee:ee:ee'
const forwarding = '/proc/sys/net/ipv4/ip_forward'

/**
 * A network namespace for each pod, a veth pair to the host's namespace, a /32 address and a route of its own: no
 * bridge, so no bridge netfilter and no limit of ports. The kernel removes pair and route with the pod's namespace.
 */
export class NetnsDriver implements BuiltInDriver {
  readonly name = 'netns'
  readonly refusesPrograms = undefined
  readonly #runIpBatch: RunIpBatch

  constructor(runIpBatch: RunIpBatch) {
    this.#runIpBatch = runIpBatch
  }

  /** Forwarding on, and a blackhole under the pod routes: an address that no pod has must not leave the host. */
  async prepare({ podCidr }: BuiltInNetwork): Promise<void> {
    // In a container the file may be read-only, and right already.
    if (readFileSync(forwarding, 'utf8').trim() !== '1') writeFileSync(forwarding, '1')
    await this.#runIpBatch(`route replace blackhole ${podCidr}\n`)
  }

  attachment(sandboxId: string, address: string, { mtu }: BuiltInNetwork): PodAttachment {
    return { kind: 'namespace', ...planBatches(vethName(sandboxId), address, mtu) }
  }

  result(sandboxId: string, address: string, namespacePath: string): CniResult {
    return {
      cniVersion: '1.0.0',
      interfaces: [
        { name: vethName(sandboxId), mac: hostEndMac },
        { name: 'eth0', mac: podMac(address), sandbox: namespacePath },
      ],
      ips: [{ address: `${address}/32`, gateway, interface: 1 }],
      routes: [{ dst: '0.0.0.0/0', gw: gateway }],
    }
  }

  environment(): Readonly<Record<string, string>> {
    return {}
  }

  reachablePort(port: number): number {
    return port
  }
}

/** The pod's end of the pair on the host; 15 bytes is the limit of an interface name. */
export function vethName(sandboxId: string): string {
  return `veth${createHash('sha1').update(sandboxId).digest('hex').slice(0, 8)}`
}

/** Made from the address, so that a neighbour's memory of it stays right when a pod takes over an address. */
function podMac(address: string): string {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))
  return ['0a', '58', ...octets].join(':')
}

export function planBatches(
  hostEnd: string,
  address: string,
  mtu: number | undefined,
): { podBatch: string; hostBatch: string } {
  const size = mtu === undefined ? '' : ` mtu ${mtu}`
  const podBatch = [
    'link set lo up',
    `link add eth0 address ${podMac(address)}${size} type veth ` +
      `peer name ${hostEnd} address ${hostEndMac}${size} netns $KEMU_HOST_PID`,
    'link set eth0 up',
    `address add ${address}/32 dev eth0`,
    `neighbour replace ${gateway} lladdr ${hostEndMac} dev eth0 nud permanent`,
    `route add ${gateway} dev eth0 scope link`,
    `route add default via ${gateway} dev eth0`,
  ]
  const hostBatch = [`link set ${hostEnd} up`, `route replace ${address}/32 dev ${hostEnd}`]
  return { podBatch: `${podBatch.join('\n')}\n`, hostBatch: `${hostBatch.join('\n')}\n` }
}
