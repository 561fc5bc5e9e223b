import {
  deepEqual,
  endpoints,
  isAlreadyExists,
  isNotFound,
  objectKey,
  pods,
  services,
  splitKey,
} from '@kemu/api'
import type { Endpoints, Pod, Service } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, namespaceTerminates } from '@kemu/controller-runtime'
import type { Result, Runnable } from '@kemu/controller-runtime'
import { workersOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { planSubsets } from './plan-subsets.ts'
import { isHeadless, onServicePods, podsOf, selectsPods } from './service-pods.ts'
import { triggerTimeAnnotation, TriggerTimes } from './trigger-times.ts'

const managedByLabel = 'endpoints.kubernetes.io/managed-by'
const headlessLabel = 'service.kubernetes.io/headless'
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'

/** Keeps the Endpoints object of each Service with a selector; the old form of EndpointSlices. */
export class EndpointsController implements Runnable {
  readonly #deps: ControllerDeps
  readonly #services: Informer<Service>
  readonly #pods: Informer<Pod>
  readonly #endpoints: Informer<Endpoints>
  readonly #triggers = new TriggerTimes()
  readonly #controller: Controller

  constructor(deps: ControllerDeps) {
    this.#deps = deps
    this.#services = deps.informers.of(services)
    this.#pods = deps.informers.of(pods)
    this.#endpoints = deps.informers.of(endpoints)
    this.#controller = new Controller(
      {
        name: 'endpoint',
        sources: [this.#services, this.#pods, this.#endpoints],
        ...workersOf(deps),
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    const enqueue = (object: Service | Endpoints): void =>
      this.#controller.enqueue(objectKey(object))
    this.#controller.follow(this.#services, { removals: true })
    this.#endpoints.addHandler({ remove: enqueue })
    onServicePods(this.#pods, this.#services, (key) => this.#controller.enqueue(key))
  }

  async start(): Promise<void> {
    await this.#controller.start()
    this.#enqueueLeftovers()
  }

  close(): Promise<void> {
    return this.#controller.close()
  }

  /** Endpoints whose service went away while nobody watched. Another program's are not ours to delete. */
  #enqueueLeftovers(): void {
    for (const object of this.#endpoints.lister.list()) {
      const ours = object.metadata.labels?.[managedByLabel] === managedBy
      if (ours && !this.#services.lister.get(objectKey(object)))
        this.#controller.enqueue(objectKey(object))
    }
  }

  async #reconcile(key: string): Promise<Result> {
    const service = this.#services.lister.get(key)
    if (!service) {
      this.#triggers.forget(key)
      return this.#delete(key)
    }
    if (!selectsPods(service)) return done
    const current = this.#endpoints.lister.get(key)
    const own = podsOf(service, this.#pods)
    const { subsets, truncated } = planSubsets(service, own)
    const triggered = this.#triggers.next(key, service, own)
    const labels = {
      ...service.metadata.labels,
      [managedByLabel]: managedBy,
      ...(isHeadless(service) && { [headlessLabel]: '' }),
    }
    const same =
      current &&
      deepEqual(current.subsets ?? [], subsets) &&
      deepEqual(current.metadata.labels ?? {}, labels) &&
      overCapacityAnnotation in (current.metadata.annotations ?? {}) === truncated
    if (same) return done
    const annotations = annotationsOf(current, triggered, truncated)
    await this.#write(service, current, { labels, annotations }, subsets)
    return done
  }

  async #write(
    service: Service,
    current: Endpoints | undefined,
    metadata: { labels: Record<string, string>; annotations: Record<string, string> },
    subsets: Endpoints['subsets'],
  ): Promise<void> {
    const { namespace = '', name } = service.metadata
    const resource = this.#deps.client.resource(endpoints, namespace)
    try {
      if (current) {
        await resource.update({
          ...current,
          metadata: { ...current.metadata, ...metadata },
          subsets: subsets ?? [],
        })
      } else {
        await resource.create({
          apiVersion: 'v1',
          kind: 'Endpoints',
          metadata: { name, namespace, ...metadata },
          ...(subsets && subsets.length > 0 && { subsets }),
        })
      }
    } catch (error) {
      // The cache is behind: its event brings us here again.
      if (isAlreadyExists(error)) return
      if (namespaceTerminates(error)) return
      const [reason, verb] = current
        ? ['FailedToUpdateEndpoint', 'update']
        : ['FailedToCreateEndpoint', 'create']
      this.#deps.recorder.record(
        current ?? service,
        'Warning',
        reason,
        `Failed to ${verb} endpoint${current ? '' : ' for service'} ${namespace}/${name}: ${(error as Error).message}`,
      )
      throw error
    }
  }

  async #delete(key: string): Promise<Result> {
    const { namespace, name } = splitKey(key)
    if (!this.#endpoints.lister.get(key)) return done
    try {
      await this.#deps.client.resource(endpoints, namespace).delete(name)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return done
  }
}

const managedBy = 'endpoint-controller'

function annotationsOf(
  current: Endpoints | undefined,
  triggered: string | undefined,
  truncated: boolean,
): Record<string, string> {
  const next = { ...current?.metadata.annotations }
  delete next[triggerTimeAnnotation]
  delete next[overCapacityAnnotation]
  if (triggered !== undefined) next[triggerTimeAnnotation] = triggered
  if (truncated) next[overCapacityAnnotation] = 'truncated'
  return next
}
