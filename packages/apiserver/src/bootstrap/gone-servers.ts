import { deepCopy, endpoints, endpointSlices } from '@kemu/api'
import type { MasterLeases } from './master-leases.ts'
import type { SystemWriter } from './system-writer.ts'

const place = { namespace: 'default', name: 'kubernetes' }

/**
 * Takes out of the service `kubernetes` who is gone: this server at addresses that it had before, and others whose keys
 * expired while nobody served. Meant for the time before the first request: a proxy that learns a dead address sends
 * connections there, and the kernel goes on with each of them for two minutes.
 */
export async function forgetGoneServers(
  leases: MasterLeases,
  writer: SystemWriter,
  ownAddress: string,
): Promise<void> {
  const here = new Set([...(await leases.removeFormer()), ownAddress])
  const slice = await writer.lookup.find(endpointSlices, place.namespace, place.name)
  if (slice?.endpoints?.some(({ addresses }) => !here.has(addresses[0]!))) {
    await writer.update(endpointSlices, place, (old) => {
      const next = deepCopy(old)
      next.endpoints = old.endpoints?.filter(({ addresses }) => here.has(addresses[0]!))
      return next
    })
  }
  const legacy = await writer.lookup.find(endpoints, place.namespace, place.name)
  if (legacy?.subsets?.some(({ addresses = [] }) => addresses.some(({ ip }) => !here.has(ip)))) {
    await writer.update(endpoints, place, (old) => {
      const next = deepCopy(old)
      next.subsets = (old.subsets ?? [])
        .map((subset) => ({
          ...subset,
          addresses: (subset.addresses ?? []).filter(({ ip }) => here.has(ip)),
        }))
        .filter(({ addresses }) => addresses.length > 0)
      return next
    })
  }
}
