import { endpoints, services } from '@kemu/api'
import type {
  CoreEndpointPort,
  DiscoveryEndpointPort,
  Endpoint,
  EndpointAddress,
  Endpoints,
  Service,
} from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import { planSlices } from './plan-slices.ts'
import type { AddressType, EndpointGroup } from './plan-slices.ts'
import { SliceWriter } from './slice-writer.ts'
import { triggerTimeAnnotation } from './trigger-times.ts'

const managedBy = 'endpointslicemirroring-controller.k8s.io'
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** --mirroring-max-endpoints-per-subset. */
const addressesMax = 1000

/** Endpoints that people write by hand, for Services without a selector, shown as EndpointSlices (KEP-752). */
export class EndpointSliceMirroringController extends OneQueueController {
  readonly #endpoints: Informer<Endpoints>
  readonly #services: Informer<Service>
  readonly #writer: SliceWriter
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#endpoints = deps.informers.of(endpoints)
    this.#services = deps.informers.of(services)
    this.#writer = new SliceWriter(managedBy, deps, (key) => this.controller.enqueue(key))
    this.controller = new Controller(
      {
        name: 'endpoint_slice_mirroring',
        sources: [this.#endpoints, this.#services, this.#writer.source],
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    this.controller.follow(this.#endpoints, { removals: true })
    this.controller.follow(this.#services, { removals: true })
  }

  async #reconcile(key: string): Promise<Result> {
    const source = this.#endpoints.lister.get(key)
    const service = this.#services.lister.get(key)
    if (!this.#writer.cacheIsCurrent(key)) return done
    const existing = this.#writer.slicesOf(key)
    if (!source || !service || !isMirrored(source, service)) {
      const owner = source ?? service ?? existing[0]
      if (owner)
        await this.#writer.apply(key, owner, [{ creates: [], updates: [], deletes: existing }])
      return done
    }
    const plans = (['IPv4', 'IPv6'] as const).map((addressType) =>
      planSlices({
        owner: source,
        serviceName: source.metadata.name,
        managedBy,
        addressType,
        labels: mirroredLabels(source),
        annotations: mirroredAnnotations(source),
        groups: mirroredGroups(source, addressType),
        existing: existing.filter((slice) => slice.addressType === addressType),
        placeholder: false,
      }),
    )
    await this.#writer.apply(key, source, plans)
    return done
  }
}

function isMirrored({ metadata }: Endpoints, { spec }: Service): boolean {
  if (spec.selector !== undefined) return false
  if (metadata.labels?.[skipMirrorLabel] === 'true') return false
  return metadata.annotations?.[leaderAnnotation] === undefined
}

function mirroredLabels({ metadata }: Endpoints): Record<string, string> {
  return { ...metadata.labels }
}

function mirroredAnnotations({ metadata }: Endpoints): Record<string, string> {
  const annotations = { ...metadata.annotations }
  delete annotations[triggerTimeAnnotation]
  delete annotations[lastAppliedAnnotation]
  return annotations
}

/** One group for each subset, ready addresses first. */
function mirroredGroups({ subsets = [] }: Endpoints, addressType: AddressType): EndpointGroup[] {
  const ofType = (address: EndpointAddress): boolean =>
    address.ip.includes(':') === (addressType === 'IPv6')
  return subsets.map((subset) => {
    const ready = (subset.addresses ?? []).filter(ofType).map((a) => endpointOf(a, true))
    const notReady = (subset.notReadyAddresses ?? [])
      .filter(ofType)
      .map((a) => endpointOf(a, false))
    return {
      ports: (subset.ports ?? []).map(portOf),
      endpoints: [...ready, ...notReady].slice(0, addressesMax),
    }
  })
}

function endpointOf(address: EndpointAddress, ready: boolean): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  }
}

function portOf({ name, port, protocol, appProtocol }: CoreEndpointPort): DiscoveryEndpointPort {
  return {
    name: name ?? '',
    port,
    protocol: protocol ?? 'TCP',
    ...(appProtocol && { appProtocol }),
  }
}
