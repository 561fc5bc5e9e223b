import type { Service } from '@kemu/api'
import { canonicalIp } from '@kemu/network/address'
import type { AnswerOptions } from './answer-options.ts'
import type { ClusterView } from './cluster-view.ts'
import { endpointLabel, readyEndpoints } from './found.ts'

export interface NameServer {
  readonly name: string
  readonly address: string
}

/** The services in front of this server, with their addresses; the server itself where there are none. */
export function nameServers(view: ClusterView, options: AnswerOptions, zone: string): NameServer[] {
  const slices = options.ownAddresses.flatMap((address) => view.slicesAt(address))
  if (slices.length === 0)
    return options.ownAddresses.map((address) => ({ name: within('ns.dns', zone), address }))
  return slices.flatMap((slice) => {
    const name = slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''
    const service = view.service(slice.metadata.namespace ?? '', name)
    if (!service) return []
    const domain = within(`${name}.${slice.metadata.namespace}.svc`, zone)
    if (service.spec.clusterIP !== 'None')
      return clusterIps(service).map((address) => ({ name: domain, address }))
    return readyEndpoints(slice).map((endpoint) => ({
      name: `${endpointLabel(endpoint, options)}.${domain}`,
      address: canonicalIp(endpoint.addresses[0]!)!,
    }))
  })
}

export function within(domain: string, zone: string): string {
  return zone === '' ? domain : `${domain}.${zone}`
}

function clusterIps({ spec }: Service): string[] {
  return spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']
}
