import { configMaps, deepEqual, secrets } from '@kemu/api'
import type { ConfigMap, Secret } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, OneQueueController, requeueAfter } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'
import { bootstrapTokenOf, bootstrapTokenType } from './bootstrap-tokens.ts'
import { detachedSignature } from './detached-signature.ts'

const namespace = 'kube-public'
const name = 'cluster-info'
const signaturePrefix = 'jws-kubeconfig-'

/** The data of cluster-info with one signature for each token that may sign, and no other. */
function signedData(
  { data = {} }: ConfigMap,
  tokens: readonly { id: string; secret: string }[],
): Record<string, string> | undefined {
  const kubeconfig = data['kubeconfig']
  if (kubeconfig === undefined) return undefined
  const others = Object.entries(data).filter(([key]) => !key.startsWith(signaturePrefix))
  const signatures = tokens.map(({ id, secret }) => [
    `${signaturePrefix}${id}`,
    detachedSignature(kubeconfig, id, secret),
  ])
  return Object.fromEntries([...others, ...signatures]) as Record<string, string>
}

/** Signs the ConfigMap that joining nodes read before they can trust anything. */
export class BootstrapSigner extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #secrets: Informer<Secret>
  readonly #configMaps: Informer<ConfigMap>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps) {
    super()
    this.#deps = deps
    this.#secrets = deps.informers.of(secrets, {
      namespace: 'kube-system',
      fieldSelector: `type=${bootstrapTokenType}`,
    })
    this.#configMaps = deps.informers.of(configMaps, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    })
    this.controller = new Controller(
      {
        name: 'bootstrap_signer_queue',
        sources: [this.#secrets, this.#configMaps],
        reconcile: () => this.#reconcile(),
      },
      deps,
    )
    const enqueue = (): void => this.controller.enqueue(name)
    this.#secrets.addHandler({ add: enqueue, update: enqueue, remove: enqueue })
    this.#configMaps.addHandler({ add: enqueue, update: enqueue })
  }

  async #reconcile(): Promise<Result> {
    const map = this.#configMaps.lister.get(`${namespace}/${name}`)
    if (!map) return done
    const nowMs = this.#deps.clock.now()
    const tokens = this.#secrets.lister
      .list()
      .flatMap((secret) => bootstrapTokenOf(secret) ?? [])
      .filter((token) => token.usableForSigning && !(left(token.expiresAtMs, nowMs) <= 0))
    const data = signedData(map, tokens)
    if (data && !deepEqual(data, map.data))
      await this.#deps.client.resource(configMaps, namespace).update({ ...map, data })
    const ends = tokens.map((token) => left(token.expiresAtMs, nowMs)).filter(Number.isFinite)
    return ends.length > 0 ? requeueAfter(Math.min(...ends)) : done
  }
}

function left(expiresAtMs: number | undefined, nowMs: number): number {
  if (expiresAtMs === undefined) return Number.POSITIVE_INFINITY
  return Number.isNaN(expiresAtMs) ? 0 : expiresAtMs - nowMs
}
