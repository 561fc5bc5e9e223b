import { LeaseFile } from './lease-file.ts'
import type { NetworkNotReady, PodAttachment, PodNetwork } from './pod-network.ts'
import { shiftPort } from './port-shift.ts'
import type { PortPrivilege } from './port-shift.ts'

/**
 * Pods on addresses of 127.0.0.0/8. The kernel answers on all of them without any set-up, so a pod's network is just an
 * address that its programs must bind to; there is no namespace, and nothing to clean up.
 */
export class LoopbackPodNetwork implements PodNetwork {
  readonly name = 'loopback'
  readonly #leases: LeaseFile
  readonly #privilege: PortPrivilege

  constructor(leaseFile: string, privilege: PortPrivilege) {
    this.#leases = new LeaseFile(leaseFile)
    this.#privilege = privilege
  }

  notReady(): NetworkNotReady | undefined {
    return this.#leases.notReady()
  }

  async setPodCidr(podCidr: string): Promise<void> {
    if (!podCidr.startsWith('127.'))
      throw new Error(
        `pod CIDR ${podCidr} is not within 127.0.0.0/8, which the loopback network needs`,
      )
    this.#leases.setPodCidr(podCidr)
  }

  attach(sandboxId: string): PodAttachment {
    return { kind: 'address', address: this.#leases.take(sandboxId) }
  }

  release(sandboxId: string): void {
    this.#leases.release(sandboxId)
  }

  retain(sandboxIds: ReadonlySet<string>): void {
    this.#leases.retain(sandboxIds)
  }

  environment(address: string): Readonly<Record<string, string>> {
    return {
      KEMU_POD_IP: address,
      KEMU_PORT_FLOOR: String(this.#privilege.lowestBindablePort),
    }
  }

  reachablePort(port: number): number {
    return shiftPort(port, this.#privilege)
  }
}
