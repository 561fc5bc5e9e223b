import type { CoreEndpointPort, EndpointAddress, EndpointSubset, Pod, Service } from '@kemu/api'
import { podReady } from '@kemu/controller-runtime'
import { sortedJson } from '../pods/pod-template-hash.ts'
import {
  hostnameIn,
  isHeadless,
  podAddresses,
  referenceToPod,
  servesAddresses,
  targetPort,
} from './service-pods.ts'

/** maxCapacity: an Endpoints object holds no more addresses; ready ones go first. */
const addressesMax = 1000

export interface Subsets {
  readonly subsets: EndpointSubset[]
  readonly truncated: boolean
}

interface Entry {
  readonly address: EndpointAddress
  readonly ports: CoreEndpointPort[]
  readonly ready: boolean
}

/** The subsets of a service: addresses with equal ports stand together, sorted (RepackSubsets). */
export function planSubsets(service: Service, pods: readonly Pod[]): Subsets {
  const notReadyToo = service.spec.publishNotReadyAddresses ?? false
  const entries = pods
    .filter((pod) => servesAddresses(pod, notReadyToo))
    .flatMap((pod) => entryOf(service, pod, notReadyToo))
  const kept = truncate(entries)
  return { subsets: group(kept), truncated: kept.length < entries.length }
}

function entryOf(service: Service, pod: Pod, notReadyToo: boolean): Entry[] {
  const wantsIPv6 = service.spec.ipFamilies?.[0] === 'IPv6'
  const ip = podAddresses(pod).find((address) => address.includes(':') === wantsIPv6)
  if (ip === undefined) return []
  const hostname = hostnameIn(service, pod)
  const ports = portsOf(service, pod)
  // A service with ports of which the pod has none does not reach the pod.
  if (ports.length === 0 && !(isHeadless(service) && (service.spec.ports ?? []).length === 0))
    return []
  return [
    {
      address: {
        ip,
        ...(hostname && { hostname }),
        ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
        targetRef: referenceToPod(pod),
      },
      ports,
      ready: notReadyToo || podReady(pod),
    },
  ]
}

function portsOf(service: Service, pod: Pod): CoreEndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(pod, servicePort)
    if (port === undefined) return []
    return [
      {
        ...(servicePort.name && { name: servicePort.name }),
        port,
        protocol: servicePort.protocol ?? 'TCP',
        ...(servicePort.appProtocol && { appProtocol: servicePort.appProtocol }),
      },
    ]
  })
}

function truncate(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length <= addressesMax) return entries
  return [...entries.filter((e) => e.ready), ...entries.filter((e) => !e.ready)].slice(
    0,
    addressesMax,
  )
}

function group(entries: readonly Entry[]): EndpointSubset[] {
  const byPorts = new Map<string, Entry[]>()
  for (const entry of entries) {
    const key = sortedJson(entry.ports)
    byPorts.set(key, [...(byPorts.get(key) ?? []), entry])
  }
  return [...byPorts.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => {
      const addresses = (ready: boolean): EndpointAddress[] =>
        group
          .filter((entry) => entry.ready === ready)
          .map((entry) => entry.address)
          .sort(byAddress)
      const [ready, notReady] = [addresses(true), addresses(false)]
      const ports = group[0]!.ports
      return {
        ...(ready.length > 0 && { addresses: ready }),
        ...(notReady.length > 0 && { notReadyAddresses: notReady }),
        ...(ports.length > 0 && { ports: [...ports].sort(byPort) }),
      }
    })
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1
  return (a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1
}

function byPort(a: CoreEndpointPort, b: CoreEndpointPort): number {
  return sortedJson(a) < sortedJson(b) ? -1 : 1
}
