import { endpointSlices, isNotFound, isStatusError } from '@kemu/api'
import type { EndpointSlice, KubeObject } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Expectations } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import { managedByLabel, serviceNameLabel } from './plan-slices.ts'
import type { SlicePlan } from './plan-slices.ts'

/** Carries out slice plans, and knows whether the cache shows what was created. */
export class SliceWriter {
  readonly #deps: ControllerDeps
  readonly #managedBy: string
  readonly #slices: Informer<EndpointSlice>
  readonly #expectations: Expectations

  /** `onChange` is told the key of the service whose slices changed. */
  constructor(managedBy: string, deps: ControllerDeps, onChange: (key: string) => void) {
    this.#deps = deps
    this.#managedBy = managedBy
    this.#expectations = new Expectations(deps.clock)
    this.#slices = deps.informers.of(endpointSlices)
    this.#slices.addIndex('service', (slice) => {
      const key = serviceKeyOf(slice)
      return key === undefined ? [] : [key]
    })
    const tell = (slice: EndpointSlice, created: boolean): void => {
      const key = this.#keyIfOurs(slice)
      if (key === undefined) return
      if (created) this.#expectations.creationObserved(key)
      onChange(key)
    }
    this.#slices.addHandler({
      add: (slice) => tell(slice, true),
      update: (_, slice) => tell(slice, false),
      remove: (slice) => tell(slice, false),
    })
  }

  get source(): Informer<EndpointSlice> {
    return this.#slices
  }

  /** False: slices that were created are not in the cache yet; their coming calls `onChange`. */
  cacheIsCurrent(serviceKey: string): boolean {
    return this.#expectations.satisfied(serviceKey)
  }

  slicesOf(serviceKey: string): EndpointSlice[] {
    return this.#slices.lister
      .byIndex('service', serviceKey)
      .filter((slice) => this.#keyIfOurs(slice) !== undefined)
      .filter((slice) => slice.metadata.deletionTimestamp === undefined)
  }

  async apply(serviceKey: string, owner: KubeObject, plans: readonly SlicePlan[]): Promise<void> {
    const resource = this.#deps.client.resource(endpointSlices, owner.metadata.namespace)
    const creates = plans.flatMap((plan) => plan.creates)
    if (creates.length > 0) this.#expectations.expectCreations(serviceKey, creates.length)
    for (const [i, draft] of creates.entries()) {
      try {
        await resource.create(draft)
      } catch (error) {
        for (let missing = i; missing < creates.length; missing++)
          this.#expectations.creationObserved(serviceKey)
        if (isStatusError(error, 'Forbidden') && owner.metadata.deletionTimestamp) return
        throw error
      }
    }
    for (const slice of plans.flatMap((plan) => plan.updates)) await resource.update(slice)
    for (const { metadata } of plans.flatMap((plan) => plan.deletes))
      await resource.delete(metadata.name).catch(ignoreNotFound)
  }

  forget(serviceKey: string): void {
    this.#expectations.forget(serviceKey)
  }

  #keyIfOurs(slice: EndpointSlice): string | undefined {
    if (slice.metadata.labels?.[managedByLabel] !== this.#managedBy) return undefined
    return serviceKeyOf(slice)
  }
}

function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[serviceNameLabel]
  return name === undefined ? undefined : `${metadata.namespace ?? ''}/${name}`
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
