import { isAlreadyExists, isNotFound, namespaces, serviceAccounts } from '@kemu/api'
import type { Namespace, ServiceAccount } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, namespaceTerminates, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'

const accountName = 'default'

/** Sees to it that each active namespace has the service account `default`. */
export class ServiceAccountController extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #namespaces: Informer<Namespace>
  readonly #accounts: Informer<ServiceAccount>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#namespaces = deps.informers.of(namespaces)
    this.#accounts = deps.informers.of(serviceAccounts)
    this.controller = new Controller(
      {
        name: 'serviceaccount',
        sources: [this.#namespaces, this.#accounts],
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    this.controller.follow(this.#namespaces)
    this.#accounts.addHandler({
      remove: ({ metadata }) => {
        if (metadata.name === accountName) this.controller.enqueue(metadata.namespace ?? '')
      },
    })
  }

  async #reconcile(name: string): Promise<Result> {
    const namespace = this.#namespaces.lister.get(name)
    if (namespace?.status.phase !== 'Active') return done
    if (this.#accounts.lister.get(`${name}/${accountName}`)) return done
    try {
      await this.#deps.client.resource(serviceAccounts, name).create({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: accountName, namespace: name },
      })
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !namespaceTerminates(error)) throw error
    }
    return done
  }
}
