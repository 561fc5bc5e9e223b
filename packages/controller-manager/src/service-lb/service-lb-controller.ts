import { isIP } from 'node:net'
import { deepEqual, objectKey, parseTime, services } from '@kemu/api'
import type { LoadBalancerStatus, Service } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'

/** What stands at the outside of a Service; undefined: nothing yet, the Service waits. */
export type Allocation =
  | { readonly kind: 'assigned'; readonly status: LoadBalancerStatus }
  | { readonly kind: 'none' }
  | { readonly kind: 'taken'; readonly port: string; readonly by: string }

/**
 * The outside of a Service of type LoadBalancer: the one address that all share. Of two Services that want one port,
 * the first has it; the other waits, for behind one address a port leads to one Service.
 */
export function allocate(service: Service, all: readonly Service[], address: string): Allocation {
  if (!wantsBalancer(service)) return { kind: 'none' }
  const wanted = new Set(portsOf(service))
  for (const other of all) {
    if (other.metadata.uid === service.metadata.uid || !wantsBalancer(other)) continue
    if (!goesBefore(other, service)) continue
    const port = portsOf(other).find((p) => wanted.has(p))
    if (port !== undefined) return { kind: 'taken', port, by: objectKey(other) }
  }
  const ingress = isIP(address) ? { ip: address, ipMode: 'Proxy' } : { hostname: address }
  return { kind: 'assigned', status: { ingress: [ingress] } }
}

/** A class names somebody else's balancer. */
function wantsBalancer({ spec, metadata }: Service): boolean {
  return (
    spec.type === 'LoadBalancer' &&
    spec.loadBalancerClass === undefined &&
    metadata.deletionTimestamp === undefined
  )
}

function portsOf({ spec }: Service): string[] {
  return (spec.ports ?? []).map(({ port, protocol }) => `${port}/${protocol ?? 'TCP'}`)
}

/** Who has an address keeps it; else the older goes first. */
function goesBefore(a: Service, b: Service): boolean {
  if (hasIngress(a) !== hasIngress(b)) return hasIngress(a)
  return olderThan(a, b)
}

function olderThan(a: Service, b: Service): boolean {
  const order = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp)
  return order < 0 || (order === 0 && a.metadata.uid < b.metadata.uid)
}

/**
 * Stands in for a cloud's load balancers (upstream: the service controller of cloud-provider): gives Services of type
 * LoadBalancer their outside address. The port itself is opened by kube-proxy's gateway on the person's machine.
 */
export class ServiceLbController extends OneQueueController {
  readonly #address: string
  readonly #deps: ControllerDeps
  readonly #services: Informer<Service>
  protected readonly controller: Controller

  constructor(address: string, deps: ControllerDeps) {
    super()
    this.#address = address
    this.#deps = deps
    this.#services = deps.informers.of(services)
    this.controller = new Controller(
      { name: 'service', sources: [this.#services], reconcile: (key) => this.#reconcile(key) },
      deps,
    )
    const enqueue = (service: Service): void => {
      if (service.spec.type === 'LoadBalancer' || hasIngress(service))
        this.controller.enqueue(objectKey(service))
    }
    this.#services.addHandler({
      add: enqueue,
      update: (old, service) => {
        enqueue(service)
        if (!deepEqual(portsOf(old), portsOf(service)) || old.spec.type !== service.spec.type)
          this.#enqueueWaiting()
      },
      remove: (service) => {
        if (service.spec.type === 'LoadBalancer') this.#enqueueWaiting()
      },
    })
  }

  #enqueueWaiting(): void {
    for (const service of this.#services.lister.list())
      if (wantsBalancer(service) && !hasIngress(service))
        this.controller.enqueue(objectKey(service))
  }

  async #reconcile(key: string): Promise<Result> {
    const service = this.#services.lister.get(key)
    if (!service || service.metadata.deletionTimestamp !== undefined) return done
    if (service.spec.type === 'LoadBalancer' && !wantsBalancer(service)) return done
    const allocation = allocate(service, this.#services.lister.list(), this.#address)
    const { recorder } = this.#deps
    switch (allocation.kind) {
      case 'assigned':
        if (deepEqual(service.status?.loadBalancer, allocation.status)) return done
        recorder.record(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer')
        await this.#write(service, allocation.status)
        recorder.record(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer')
        return done
      case 'taken': {
        const { port, by } = allocation
        const why = `port ${port} of ${this.#address} belongs to service ${by}`
        const text = `Error syncing load balancer: failed to ensure load balancer: ${why}`
        recorder.record(service, 'Warning', 'SyncLoadBalancerFailed', text)
        if (hasIngress(service)) await this.#write(service, {})
        return done
      }
      case 'none':
        if (hasIngress(service)) await this.#write(service, {})
        return done
    }
  }

  async #write(service: Service, loadBalancer: LoadBalancerStatus): Promise<void> {
    const { namespace } = service.metadata
    await this.#deps.client
      .resource(services, namespace)
      .updateStatus({ ...service, status: { ...service.status, loadBalancer } })
  }
}

function hasIngress({ status }: Service): boolean {
  return (status?.loadBalancer?.ingress ?? []).length > 0
}
