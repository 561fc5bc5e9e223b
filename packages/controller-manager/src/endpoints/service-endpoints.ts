import type { DiscoveryEndpointPort, Endpoint, Node, Pod, Service } from '@kemu/api'
import { podReady } from '@kemu/controller-runtime'
import { sortedJson } from '../pods/pod-template-hash.ts'
import type { AddressType, EndpointGroup } from './plan-slices.ts'
import {
  hostnameIn,
  podAddresses,
  referenceToPod,
  servesAddresses,
  targetPort,
} from './service-pods.ts'

const zoneLabel = 'topology.kubernetes.io/zone'

/** The service's pods as endpoints of one address type, by the ports that they share. */
export function endpointGroups(
  service: Service,
  pods: readonly Pod[],
  addressType: AddressType,
  nodeOf: (name: string) => Node | undefined,
): EndpointGroup[] {
  const groups = new Map<string, { ports: DiscoveryEndpointPort[]; endpoints: Endpoint[] }>()
  for (const pod of pods) {
    if (!servesAddresses(pod, true)) continue
    const address = podAddresses(pod).find((ip) => ip.includes(':') === (addressType === 'IPv6'))
    if (address === undefined) continue
    const ports = portsOf(service, pod)
    const key = sortedJson(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    group.endpoints.push(endpointOf(service, pod, address, nodeOf))
    groups.set(key, group)
  }
  return [...groups.values()]
}

export function addressTypesOf({ spec }: Service): AddressType[] {
  const families = spec.ipFamilies ?? []
  if (families.length > 0) return families.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4'))
  return [spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4']
}

function endpointOf(
  service: Service,
  pod: Pod,
  address: string,
  nodeOf: (name: string) => Node | undefined,
): Endpoint {
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const all = service.spec.publishNotReadyAddresses ?? false
  const serving = all || podReady(pod)
  const hostname = hostnameIn(service, pod)
  const nodeName = pod.spec.nodeName
  const zone = nodeName ? nodeOf(nodeName)?.metadata.labels?.[zoneLabel] : undefined
  return {
    addresses: [address],
    conditions: { ready: all || (serving && !terminating), serving, terminating },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    targetRef: referenceToPod(pod),
  }
}

function portsOf(service: Service, pod: Pod): DiscoveryEndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(pod, servicePort)
    if (port === undefined) return []
    return [
      {
        name: servicePort.name ?? '',
        port,
        protocol: servicePort.protocol ?? 'TCP',
        ...(servicePort.appProtocol && { appProtocol: servicePort.appProtocol }),
      },
    ]
  })
}
