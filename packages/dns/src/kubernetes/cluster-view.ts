import type { EndpointSlice, Pod, Service } from '@kemu/api'

/** What the answers are made of: the informers' caches. Names are in lower case, addresses canonical. */
export interface ClusterView {
  readonly hasSynced: boolean
  /** Unix seconds of the last change: the zone's serial. */
  readonly serial: number
  /** Another number after each change of anything below. */
  readonly version: number
  hasNamespace(name: string): boolean
  service(namespace: string, name: string): Service | undefined
  slices(namespace: string, service: string): readonly EndpointSlice[]
  servicesAt(address: string): readonly Service[]
  slicesAt(address: string): readonly EndpointSlice[]
  /** Empty unless pods are verified. */
  podsAt(address: string): readonly Pod[]
}
