import type { BuiltInNetwork } from '../cni/built-in-plugin.ts'
import type { CniResult } from '../cni/result.ts'
import { portFloorVariable, shiftPort } from '../address/port-floor.ts'
import type { BuiltInDriver } from './built-in-driver.ts'
import type { PodAttachment } from './pod-network.ts'

/**
 * Pods on addresses of 127.0.0.0/8. The kernel answers on all of them without any set-up, so a pod's network is just an
 * address that its programs must bind to; there is no namespace, and nothing to clean up.
 */
export class LoopbackDriver implements BuiltInDriver {
  readonly name = 'loopback'
  readonly refusesPrograms =
    'plugins that are programs need network namespaces, and this host has none (loopback network)'
  readonly #portFloor: number

  /** @param portFloor the lowest port that this user may bind */
  constructor(portFloor: number) {
    this.#portFloor = portFloor
  }

  async prepare({ podCidr }: BuiltInNetwork): Promise<void> {
    if (!podCidr.startsWith('127.'))
      throw new Error(
        `pod CIDR ${podCidr} is not within 127.0.0.0/8, which the loopback network needs`,
      )
  }

  attachment(): PodAttachment {
    return { kind: 'address' }
  }

  result(_sandboxId: string, address: string): CniResult {
    return { cniVersion: '1.0.0', ips: [{ address: `${address}/8` }] }
  }

  environment(address: string): Readonly<Record<string, string>> {
    return { KEMU_POD_IP: address, [portFloorVariable]: String(this.#portFloor) }
  }

  reachablePort(port: number): number {
    return shiftPort(port, this.#portFloor)
  }
}
