import { isConflict, isNotFound, secrets } from '@kemu/api'
import type { Secret } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import { bootstrapTokenOf, bootstrapTokenType } from './bootstrap-tokens.ts'

const namespace = 'kube-system'

/** Deletes bootstrap tokens when their time is over. */
export class TokenCleaner extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #secrets: Informer<Secret>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#secrets = deps.informers.of(secrets, {
      namespace,
      fieldSelector: `type=${bootstrapTokenType}`,
    })
    this.controller = new Controller(
      { name: 'token_cleaner', sources: [this.#secrets], reconcile: (key) => this.#reconcile(key) },
      deps,
    )
    this.controller.follow(this.#secrets)
  }

  async #reconcile(key: string): Promise<Result> {
    const secret = this.#secrets.lister.get(key)
    const expiresAtMs = secret && bootstrapTokenOf(secret)?.expiresAtMs
    if (!secret || expiresAtMs === undefined) return done
    const leftMs = expiresAtMs - this.#deps.clock.now()
    if (leftMs > 0) return requeueAfter(leftMs)
    const { name, uid, resourceVersion } = secret.metadata
    try {
      const preconditions = { uid, resourceVersion }
      await this.#deps.client.resource(secrets, namespace).delete(name, { preconditions })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return done
  }
}
