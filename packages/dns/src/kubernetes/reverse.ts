import { canonicalIp } from '@kemu/network/address'
import type { ClusterView } from './cluster-view.ts'
import { endpointLabel, isExposed, readyEndpoints } from './found.ts'
import type { FindOptions } from './found.ts'

const v4Zone = '.in-addr.arpa'
const v6Zone = '.ip6.arpa'

/** The address that a reverse name stands for; undefined for a name that is none (or only a part of one). */
export function reverseAddress(name: string): string | undefined {
  if (name.endsWith(v4Zone)) {
    const octets = name.slice(0, -v4Zone.length).split('.')
    return octets.length === 4 ? canonicalIp(octets.reverse().join('.')) : undefined
  }
  if (!name.endsWith(v6Zone)) return undefined
  const nibbles = name.slice(0, -v6Zone.length).split('.')
  if (nibbles.length !== 32 || nibbles.some((nibble) => nibble.length !== 1)) return undefined
  const groups = nibbles.reverse().join('').match(/.{4}/g)!
  return canonicalIp(groups.join(':'))
}

/** The names of an address without their zone: of the service, else of the endpoints that have it. */
export function reverseDomains(address: string, view: ClusterView, options: FindOptions): string[] {
  const isServed = ({ metadata }: { metadata: { namespace?: string } }): boolean =>
    options.namespaces.size === 0 || isExposed(metadata.namespace ?? '', view, options)
  const service = view.servicesAt(address).find(isServed)
  if (service) return [`${service.metadata.name}.${service.metadata.namespace}.svc`]
  const domains = view
    .slicesAt(address)
    .filter(isServed)
    .flatMap((slice) => {
      const owner = slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''
      return readyEndpoints(slice)
        .filter(({ addresses }) => canonicalIp(addresses[0]!) === address)
        .map(
          (endpoint) =>
            `${endpointLabel(endpoint, options)}.${owner}.${slice.metadata.namespace}.svc`,
        )
    })
  return [...new Set(domains)]
}
