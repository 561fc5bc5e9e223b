import { parseTime, services } from '@kemu/api'
import type { Service } from '@kemu/api'
import type { Clock, Logger } from '@kemu/base'
import type { Catalog } from '../registry/catalog.ts'
import type { IpAllocator } from './ip-allocator.ts'
import type { NodePortAllocator } from './node-port-allocator.ts'
import { portsOf, realAddresses } from './service-hooks.ts'

export interface RepairDeps {
  readonly catalog: Catalog
  readonly addresses: IpAllocator
  readonly ports: NodePortAllocator
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * An address whose service is not there yet may belong to a write that is under way (ipallocator
 * gracePeriod).
 */
const graceMs = 60_000

/**
 * Makes what is taken and what services have agree again, whatever was interrupted: an address
 * without its service is freed, a
 * service without its address gets it back.
 */
export async function repairServices({
  catalog,
  addresses,
  ports,
  clock,
  logger,
}: RepairDeps): Promise<void> {
  const { cache } = catalog.storeOf(services)
  await cache.ready()
  const [taken, takenPorts] = await Promise.all([addresses.taken(), ports.taken()])
  const all = cache.all().map(({ object }) => object as Service)
  const owners = new Map<string, Service>()
  for (const service of all) {
    for (const address of realAddresses(service.spec.clusterIPs)) owners.set(address, service)
  }
  for (const entry of taken) {
    if (owners.has(entry.address) || !entry.isManaged) continue
    if (parseTime(entry.createdAt) > clock.now() - graceMs) continue
    logger.warn('Freed a service address that nobody has', { address: entry.address })
    await addresses.forget(entry)
  }
  const known = new Set(taken.map(({ address }) => address))
  for (const [address, { metadata }] of owners) {
    if (known.has(address) || !addresses.range.contains(address)) continue
    await addresses.take(address, { namespace: metadata.namespace ?? '', name: metadata.name })
  }
  const used = new Set(all.flatMap(portsOf))
  const lost = [...used].filter((port) => !takenPorts.includes(port))
  const leaked = takenPorts.filter((port) => !used.has(port))
  if (lost.length > 0 || leaked.length > 0) await ports.repair(used)
}
