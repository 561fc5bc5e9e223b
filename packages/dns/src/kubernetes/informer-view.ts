import { endpointSlices, namespaces, pods, services } from '@kemu/api'
import type { EndpointSlice, KubeObject, Namespace, Pod, Service } from '@kemu/api'
import type { Clock, Logger, Random } from '@kemu/base'
import { Informers } from '@kemu/client'
import type { Client, Informer } from '@kemu/client'
import { canonicalIp } from '@kemu/network/address'
import type { ClusterView } from './cluster-view.ts'

export interface ViewOptions {
  readonly labelSelector: string
  readonly namespaceLabelSelector: string
  readonly watchesPods: boolean
}

export interface ViewDeps {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const serviceNameLabel = 'kubernetes.io/service-name'
const byAddress = 'address'
const byService = 'service'

/** The cluster as the informers know it; nothing is asked of the API server for a query. */
export class InformerView implements ClusterView {
  readonly #informers: Informers
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #namespaces: Informer<Namespace>
  readonly #pods: Informer<Pod> | undefined
  readonly #clock: Clock
  #synced: Promise<void> | undefined
  hasSynced = false
  serial: number
  version = 0

  constructor(options: ViewOptions, deps: ViewDeps) {
    this.#clock = deps.clock
    this.serial = this.#seconds()
    this.#informers = new Informers(deps.client, deps)
    const { labelSelector, namespaceLabelSelector } = options
    this.#services = this.#informers.of(services, { labelSelector })
    this.#slices = this.#informers.of(endpointSlices, { labelSelector })
    this.#namespaces = this.#informers.of(namespaces, { labelSelector: namespaceLabelSelector })
    this.#services.addIndex(byAddress, ({ spec }) => spec.clusterIPs ?? [spec.clusterIP ?? ''])
    this.#slices.addIndex(byAddress, sliceAddresses)
    this.#slices.addIndex(byService, (slice) => [serviceOf(slice)])
    // Only services and their endpoints move the serial, as in CoreDNS.
    this.#note(this.#services, { movesSerial: true })
    this.#note(this.#slices, { movesSerial: true })
    this.#note(this.#namespaces, { movesSerial: false })
    if (options.watchesPods) {
      this.#pods = this.#informers.of(pods)
      this.#pods.addIndex(byAddress, ({ status }) => [status?.podIP ?? ''])
      this.#note(this.#pods, { movesSerial: false })
    }
  }

  /** Starts to watch; resolves when everything is known once. */
  start(): Promise<void> {
    this.#synced ??= this.#informers.start().then(() => {
      this.hasSynced = true
      this.version += 1
    })
    return this.#synced
  }

  close(): Promise<void> {
    return this.#informers.close()
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.lister.get(name) !== undefined
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.lister.get(`${namespace}/${name}`)
  }

  slices(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.lister.byIndex(byService, `${namespace}/${service}`)
  }

  servicesAt(address: string): readonly Service[] {
    return this.#services.lister.byIndex(byAddress, address)
  }

  slicesAt(address: string): readonly EndpointSlice[] {
    return this.#slices.lister.byIndex(byAddress, address)
  }

  podsAt(address: string): readonly Pod[] {
    return this.#pods?.lister.byIndex(byAddress, address) ?? []
  }

  #note<T extends KubeObject>(informer: Informer<T>, how: { readonly movesSerial: boolean }): void {
    const changed = (): void => {
      if (how.movesSerial) this.serial = this.#seconds()
      this.version += 1
    }
    informer.addHandler({ add: changed, update: changed, remove: changed })
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

function sliceAddresses(slice: EndpointSlice): string[] {
  const addresses = (slice.endpoints ?? []).map(({ addresses }) => canonicalIp(addresses[0] ?? ''))
  return addresses.filter((address) => address !== undefined)
}

function serviceOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`
}
