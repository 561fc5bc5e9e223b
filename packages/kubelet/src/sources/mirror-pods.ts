import { isAlreadyExists, isNotFound, pods } from '@kemu/api'
import type { Draft, Node, Pod } from '@kemu/api'
import type { Logger } from '@kemu/base'
import type { Client } from '@kemu/client'
import { configHashAnnotation, configMirrorAnnotation } from './static-pod.ts'

export interface MirrorPodsDeps {
  readonly logger: Logger
  readonly node: () => Node | undefined
}

/**
 * The stand-ins of static pods in the API, so that people see them. Upstream counterpart:
 * pod.MirrorClient.
 */
export class MirrorPods {
  readonly #deps: MirrorPodsDeps
  readonly #busy = new Set<string>()
  #client: Client | undefined

  constructor(deps: MirrorPodsDeps) {
    this.#deps = deps
  }

  connect(client: Client): void {
    this.#client = client
  }

  /**
   * Makes the mirror, or replaces one of another version. Answers nothing: the watch shows what
   * came of it.
   */
  async ensure(pod: Pod, mirror: Pod | undefined): Promise<void> {
    const client = this.#client
    const node = this.#deps.node()
    const { uid } = pod.metadata
    if (!client || !node || this.#busy.has(uid)) return
    this.#busy.add(uid)
    try {
      if (mirror && !isMirrorOf(mirror, pod)) await this.delete(mirror)
      else if (mirror) return
      await client.resource(pods, pod.metadata.namespace).create(mirrorOf(pod, node))
    } catch (error) {
      if (!isAlreadyExists(error))
        this.#deps.logger.warn('Mirror pod was not created', {
          pod: pod.metadata.name,
          err: error as Error,
        })
    } finally {
      this.#busy.delete(uid)
    }
  }

  async delete(mirror: Pod): Promise<void> {
    const { name, namespace, uid } = mirror.metadata
    try {
      await this.#client
        ?.resource(pods, namespace)
        .delete(name, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error))
        this.#deps.logger.warn('Mirror pod was not deleted', { pod: name, err: error as Error })
    }
  }
}

function isMirrorOf(mirror: Pod, pod: Pod): boolean {
  return (
    mirror.metadata.deletionTimestamp === undefined &&
    mirror.metadata.annotations?.[configMirrorAnnotation] ===
      pod.metadata.annotations?.[configHashAnnotation]
  )
}

function mirrorOf(pod: Pod, node: Node): Draft<Pod> {
  const { name, namespace, labels, annotations = {} } = pod.metadata
  const { name: nodeName, uid } = node.metadata
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, [configMirrorAnnotation]: annotations[configHashAnnotation]! },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid, controller: true }],
    },
    spec: pod.spec,
  }
}
