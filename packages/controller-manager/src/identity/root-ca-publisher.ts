import { configMaps, isAlreadyExists, isNotFound, namespaces } from '@kemu/api'
import type { ConfigMap, Namespace } from '@kemu/api'
import type { Informer } from '@kemu/client'
import { Controller, done, namespaceTerminates, OneQueueController } from '@kemu/controller-runtime'
import type { Result } from '@kemu/controller-runtime'
import type { ControllerDeps } from '../controller-deps.ts'

const configMapName = 'kube-root-ca.crt'
const descriptionAnnotation = 'kubernetes.io/description'
const description = [
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints',
  'such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across',
  'distributions of Kubernetes clusters.',
].join(' ')

/** Puts the cluster's authority into every namespace, where pods' projected volumes take it from. */
export class RootCaPublisher extends OneQueueController {
  readonly #deps: ControllerDeps
  readonly #certificate: string
  readonly #namespaces: Informer<Namespace>
  readonly #configMaps: Informer<ConfigMap>
  protected readonly controller: Controller

  constructor(deps: ControllerDeps, certificate: string) {
    super()
    this.#deps = deps
    this.#certificate = certificate
    this.#namespaces = deps.informers.of(namespaces)
    this.#configMaps = deps.informers.of(configMaps, {
      fieldSelector: `metadata.name=${configMapName}`,
    })
    this.controller = new Controller(
      {
        name: 'root_ca_cert_publisher',
        sources: [this.#namespaces, this.#configMaps],
        reconcile: (key) => this.#reconcile(key),
      },
      deps,
    )
    const enqueueOf = ({ metadata }: ConfigMap): void =>
      this.controller.enqueue(metadata.namespace ?? '')
    this.controller.follow(this.#namespaces)
    this.#configMaps.addHandler({ update: (_, map) => enqueueOf(map), remove: enqueueOf })
  }

  async #reconcile(name: string): Promise<Result> {
    const namespace = this.#namespaces.lister.get(name)
    if (namespace?.status.phase !== 'Active') return done
    const data = { 'ca.crt': this.#certificate }
    const current = this.#configMaps.lister.get(`${name}/${configMapName}`)
    const resource = this.#deps.client.resource(configMaps, name)
    try {
      if (!current) {
        await resource.create({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: configMapName,
            namespace: name,
            annotations: { [descriptionAnnotation]: description },
          },
          data,
        })
      } else if (
        current.data?.['ca.crt'] !== this.#certificate ||
        Object.keys(current.data).length > 1 ||
        current.metadata.annotations?.[descriptionAnnotation] !== description
      ) {
        const annotations = {
          ...current.metadata.annotations,
          [descriptionAnnotation]: description,
        }
        await resource.update({
          ...current,
          metadata: { ...current.metadata, annotations },
          data,
        })
      }
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !namespaceTerminates(error)) throw error
    }
    return done
  }
}
