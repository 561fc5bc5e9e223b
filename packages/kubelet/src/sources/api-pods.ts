import { deepEqual, pods, services } from '@kemu/api'
import type { Pod, Service } from '@kemu/api'
import { Informer } from '@kemu/client'
import type { Client, ReflectorDeps } from '@kemu/client'

export interface ApiPodsHandler {
  /** New, or another wish: spec, labels, annotations or deletion. */
  wished(pod: Pod): void
  /** Only what is said of it changed. */
  said(pod: Pod): void
  removed(pod: Pod): void
}

/** The pods that the API binds to this node, and the services that pods are told of. */
export class ApiPods {
  readonly #pods: Informer<Pod>
  readonly #services: Informer<Service>

  constructor(client: Client, nodeName: string, deps: ReflectorDeps, handler: ApiPodsHandler) {
    this.#pods = new Informer(client, pods, { fieldSelector: `spec.nodeName=${nodeName}` }, deps)
    this.#services = new Informer(client, services, {}, deps)
    this.#pods.addHandler({
      add: (pod) => handler.wished(pod),
      update: (old, pod) => (isSameWish(old, pod) ? handler.said(pod) : handler.wished(pod)),
      remove: (pod) => handler.removed(pod),
    })
  }

  get pods(): readonly Pod[] {
    return this.#pods.lister.list()
  }

  /** Undefined until they were read once. */
  get services(): readonly Service[] | undefined {
    return this.#services.hasSynced ? this.#services.lister.list() : undefined
  }

  start(): Promise<void> {
    this.#services.start()
    this.#pods.start()
    return Promise.all([this.#pods.synced, this.#services.synced]).then(() => undefined)
  }

  async close(): Promise<void> {
    await Promise.all([this.#pods.close(), this.#services.close()])
  }
}

/** Readiness gates are conditions that others set: they count as a wish. */
function isSameWish(old: Pod, pod: Pod): boolean {
  return (
    old.metadata.deletionTimestamp === pod.metadata.deletionTimestamp &&
    old.metadata.deletionGracePeriodSeconds === pod.metadata.deletionGracePeriodSeconds &&
    deepEqual(old.metadata.labels, pod.metadata.labels) &&
    deepEqual(old.metadata.annotations, pod.metadata.annotations) &&
    deepEqual(old.spec, pod.spec) &&
    deepEqual(gates(old), gates(pod))
  )
}

function gates(pod: Pod): (string | undefined)[] {
  const conditions = pod.status?.conditions ?? []
  return (pod.spec.readinessGates ?? []).map(
    ({ conditionType }) => conditions.find(({ type }) => type === conditionType)?.status,
  )
}
