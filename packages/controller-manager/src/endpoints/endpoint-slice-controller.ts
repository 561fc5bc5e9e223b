import { nodes, pods, services } from '@kemu/api'
import type { EndpointSlice, Node, Pod, Service } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { headlessLabel, managedByLabel, planSlices, serviceNameLabel } from './plan-slices.ts'
import { addressTypesOf, endpointGroups } from './service-endpoints.ts'
import { isHeadless, onServicePods, podsOf, selectsPods } from './service-pods.ts'
import { SliceWriter } from './slice-writer.ts'
import { triggerTimeAnnotation, TriggerTimes } from './trigger-times.ts'

const managedBy = 'endpointslice-controller.k8s.io'

/** Keeps the EndpointSlices of each Service with a selector. */
export class EndpointSliceController extends OneQueueController {
  readonly #services: Informer<Service>
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  readonly #writer: SliceWriter
  readonly #triggers = new TriggerTimes()
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#services = deps.informers.of(services)
    this.#pods = deps.informers.of(pods)
    this.#nodes = deps.informers.of(nodes)
    this.#writer = new SliceWriter(managedBy, deps, (key) => this.controller.enqueue(key))
    this.controller = new Controller(
      {
        name: 'endpoint_slice',
        sources: [this.#services, this.#pods, this.#nodes, this.#writer.source],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    this.controller.follow(this.#services, { removals: true })
    onServicePods(this.#pods, this.#services, (key) => this.controller.enqueue(key))
  }

  async #reconcile(key: string): Promise<Result> {
    const service = this.#services.lister.get(key)
    if (!service) {
      // The slices go with their owner, by garbage collection.
      this.#triggers.forget(key)
      this.#writer.forget(key)
      return done
    }
    if (!selectsPods(service) || service.metadata.deletionTimestamp !== undefined) return done
    if (!this.#writer.cacheIsCurrent(key)) return done
    const own = podsOf(service, this.#pods)
    const existing = this.#writer.slicesOf(key)
    const types = addressTypesOf(service)
    const triggered = this.#triggers.next(key, service, own)
    const plans = types.map((addressType) =>
      planSlices({
        owner: service,
        serviceName: service.metadata.name,
        managedBy,
        addressType,
        labels: labelsOf(service),
        annotations: triggered === undefined ? {} : { [triggerTimeAnnotation]: triggered },
        groups: endpointGroups(service, own, addressType, (name) => this.#nodes.lister.get(name)),
        existing: existing.filter((slice) => slice.addressType === addressType),
        placeholder: true,
      }),
    )
    const ofOtherTypes = existing.filter((slice) => !isOneOf(types, slice))
    const rest = { creates: [], updates: [], deletes: ofOtherTypes }
    await this.#writer.apply(key, service, [...plans, rest])
    return done
  }
}

function isOneOf(types: readonly string[], slice: EndpointSlice): boolean {
  return types.includes(slice.addressType)
}

/** The service's own labels, but for those that have a meaning on slices. */
function labelsOf(service: Service): Record<string, string> {
  const labels = { ...service.metadata.labels }
  for (const key of [serviceNameLabel, managedByLabel, headlessLabel]) delete labels[key]
  return { ...labels, ...(isHeadless(service) && { [headlessLabel]: '' }) }
}
