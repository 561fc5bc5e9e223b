import type { Pod, ResourceType, RuntimeClass } from '@kemu/api'
import { Informer } from '@kemu/client'
import type { Client, ReflectorDeps } from '@kemu/client'

const runtimeClasses: ResourceType<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  resource: 'runtimeclasses',
  kind: 'RuntimeClass',
  namespaced: false,
}

/**
 * Which handler of the runtime a pod asks for; the classes are watched from the first pod that
 * names one.
 */
export class RuntimeClasses {
  readonly #deps: ReflectorDeps
  #client: Client | undefined
  #informer: Informer<RuntimeClass> | undefined

  constructor(deps: ReflectorDeps) {
    this.#deps = deps
  }

  connect(client: Client): void {
    this.#client = client
  }

  async close(): Promise<void> {
    await this.#informer?.close()
  }

  /** '' is the runtime's default. Throws in upstream's words for a class that is not there. */
  async handlerOf(pod: Pod): Promise<string> {
    const { runtimeClassName } = pod.spec
    if (!runtimeClassName) return ''
    if (!this.#client) throw new Error('RuntimeClass needs an API server')
    if (!this.#informer) {
      this.#informer = new Informer(this.#client, runtimeClasses, {}, this.#deps)
      this.#informer.start()
    }
    await this.#informer.synced
    const found = this.#informer.lister.get(runtimeClassName)
    if (!found)
      throw new Error(
        `failed to get runtimeclass ${runtimeClassName}: runtimeclass.node.k8s.io "${runtimeClassName}" not found`,
      )
    return found.handler
  }
}
