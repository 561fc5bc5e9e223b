import type { ConfigMap, Pod, Secret } from '@kemu/api'
import type { Client } from '@kemu/client'
import { isStaticPod } from '../status/phase.ts'
import { TokenCache } from '../volumes/token-cache.ts'
import { ObjectCache } from './object-cache.ts'
import type { ObjectCacheDeps } from './object-cache.ts'

/** What pods use of the API besides themselves. Before there is an API there is nothing of it. */
export class ApiObjects {
  #connected: { readonly objects: ObjectCache; readonly tokens: TokenCache } | undefined

  connect(client: Client, deps: Omit<ObjectCacheDeps, 'client'>): void {
    this.#connected = {
      objects: new ObjectCache({ ...deps, client }),
      tokens: new TokenCache(client, deps.clock),
    }
  }

  async close(): Promise<void> {
    await this.#connected?.objects.close()
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#connected?.objects.configMap(namespace, name)
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#connected?.objects.secret(namespace, name)
  }

  token(pod: Pod, audience: string, expirationSeconds: number): Promise<string> {
    if (!this.#connected)
      throw new Error('cannot use TokenManager when kubelet is in standalone mode')
    return this.#connected.tokens.get(pod, audience, expirationSeconds)
  }

  /** Waits until everything that the pod names was read once. */
  async ready(pod: Pod): Promise<void> {
    if (isStaticPod(pod) || !this.#connected) return
    this.#connected.objects.register(pod)
    await this.#connected.objects.ready(pod)
  }

  /** When something of the pod's volumes expires, in milliseconds from now. */
  dueInMs(podUid: string): number | undefined {
    return this.#connected?.tokens.dueInMs(podUid)
  }

  release(podUid: string): void {
    this.#connected?.objects.unregister(podUid)
    this.#connected?.tokens.forget(podUid)
  }
}
