import { networkInterfaces } from 'node:os'
import { detectPortFloor, isClusterLoopback, parseIp, shiftPort } from '@kemu/network/address'
import type { Placement } from './plugins/plugin.ts'

/**
 * Where this process listens. On the loopback driver a pod is only an address, told in KEMU_POD_IP, and ports that the
 * user may not open are shifted; everywhere else every address of the pod's own network is meant.
 */
export async function findPlacement(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Placement> {
  const address = env['KEMU_POD_IP'] ?? ''
  if (!isClusterLoopback(address))
    return { host: '', port: (port) => port, ownAddresses: interfaceAddresses() }
  const floor = await detectPortFloor(env)
  return { host: address, port: (port) => shiftPort(port, floor), ownAddresses: [address] }
}

function interfaceAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return all
    .filter((entry) => !entry.internal && parseIp(entry.address))
    .map(({ address }) => address)
}
