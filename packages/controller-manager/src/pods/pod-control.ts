import { controllerReference, isNotFound, pods } from '@kemu/api'
import type { Draft, KubeObject, Pod, PodTemplateSpec } from '@kemu/api'
import type { Client, EventRecorder } from '@kemu/client'
import { namespaceTerminates } from '@kemu/controller-runtime'

/** Creates and deletes pods for an owner, and tells of it in the owner's events (controller.RealPodControl). */
export class PodControl {
  readonly #client: Client
  readonly #recorder: EventRecorder

  constructor(client: Client, recorder: EventRecorder) {
    this.#client = client
    this.#recorder = recorder
  }

  /** `namePrefix` stands before the generated part of the name; the owner's name if left out. */
  async create(owner: KubeObject, template: PodTemplateSpec, namePrefix?: string): Promise<Pod> {
    const { namespace = '' } = owner.metadata
    try {
      const pod = await this.#client
        .resource(pods, namespace)
        .create(podOf(owner, template, namePrefix))
      this.#recorder.record(
        owner,
        'Normal',
        'SuccessfulCreate',
        `Created pod: ${pod.metadata.name}`,
      )
      return pod
    } catch (error) {
      // A namespace on its way out refuses everything; that is no news for the owner.
      if (!namespaceTerminates(error))
        this.#recorder.record(
          owner,
          'Warning',
          'FailedCreate',
          `Error creating: ${(error as Error).message}`,
        )
      throw error
    }
  }

  /** A pod that is gone already is no failure. */
  async delete(owner: KubeObject, pod: Pod): Promise<void> {
    const { name, namespace = '', deletionTimestamp } = pod.metadata
    if (deletionTimestamp !== undefined) return
    try {
      await this.#client.resource(pods, namespace).delete(name)
      this.#recorder.record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
    } catch (error) {
      if (isNotFound(error)) throw error
      this.#recorder.record(
        owner,
        'Warning',
        'FailedDelete',
        `Error deleting: ${(error as Error).message}`,
      )
      throw error
    }
  }
}

function podOf(
  owner: KubeObject,
  { metadata, spec }: PodTemplateSpec,
  namePrefix = `${owner.metadata.name}-`,
): Draft<Pod> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: namePrefix,
      namespace: owner.metadata.namespace ?? '',
      ...(metadata?.labels && { labels: metadata.labels }),
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ...(metadata?.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: spec!,
  }
}
