import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { LeaseFile } from './lease-file.ts'
import type { NetworkNotReady, PodAttachment, PodNetwork } from './pod-network.ts'

/** Runs `ip -batch` with this text in the runtime's own network namespace. */
export type RunIpBatch = (batch: string) => Promise<void>

/** The next hop of every pod, on no interface: a permanent neighbour entry names the host's end (Calico's way). */
const gateway = '169.254.1.1'
const hostEndMac = 'ee:ee:ee:ee:ee:ee'

/**
 * A network namespace for each pod, a veth pair to the host's namespace, a /32 address and a route of its own: no
 * bridge, so no bridge netfilter and no limit of ports. The kernel removes pair and route with the pod's namespace.
 */
export class NetnsPodNetwork implements PodNetwork {
  readonly name = 'netns'
  readonly #leases: LeaseFile
  readonly #runIpBatch: RunIpBatch
  #prepared = ''

  constructor(leaseFile: string, runIpBatch: RunIpBatch) {
    this.#leases = new LeaseFile(leaseFile)
    this.#runIpBatch = runIpBatch
  }

  notReady(): NetworkNotReady | undefined {
    return this.#leases.notReady()
  }

  /** Forwarding on, and a blackhole under the pod routes: an address that no pod has must not leave the host. */
  async prepare(): Promise<void> {
    const podCidr = this.#leases.podCidr
    if (podCidr === undefined || this.#prepared === podCidr) return
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    await this.#runIpBatch(`route replace blackhole ${podCidr}\n`)
    this.#prepared = podCidr
  }

  async setPodCidr(podCidr: string): Promise<void> {
    this.#leases.setPodCidr(podCidr)
    await this.prepare()
  }

  attach(sandboxId: string): PodAttachment {
    const address = this.#leases.take(sandboxId)
    return { kind: 'namespace', address, ...planBatches(vethName(sandboxId), address) }
  }

  release(sandboxId: string): void {
    this.#leases.release(sandboxId)
  }

  retain(sandboxIds: ReadonlySet<string>): void {
    this.#leases.retain(sandboxIds)
  }

  environment(): Readonly<Record<string, string>> {
    return {}
  }

  reachablePort(port: number): number {
    return port
  }
}

/** 15 bytes is the limit of an interface name. */
export function vethName(sandboxId: string): string {
  return `veth${createHash('sha1').update(sandboxId).digest('hex').slice(0, 8)}`
}

export function planBatches(
  hostEnd: string,
  address: string,
): { podBatch: string; hostBatch: string } {
  const podBatch = [
    'link set lo up',
    `link add eth0 type veth peer name ${hostEnd} address ${hostEndMac} netns $KEMU_HOST_PID`,
    'link set eth0 up',
    `address add ${address}/32 dev eth0`,
    `neighbour replace ${gateway} lladdr ${hostEndMac} dev eth0 nud permanent`,
    `route add ${gateway} dev eth0 scope link`,
    `route add default via ${gateway} dev eth0`,
  ]
  const hostBatch = [`link set ${hostEnd} up`, `route replace ${address}/32 dev ${hostEnd}`]
  return { podBatch: `${podBatch.join('\n')}\n`, hostBatch: `${hostBatch.join('\n')}\n` }
}
