import type { Client } from '@kemu/client'
import { pods } from '@kemu/api'
import type { PodInfo } from '../cache/pod-info.ts'
import type { BindPlugin } from '../framework/interface.ts'

/** Writes the decision: POST of a Binding to the pod. */
export class DefaultBinder implements BindPlugin {
  readonly name = 'DefaultBinder'
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async bind({ pod }: PodInfo, nodeName: string): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata
    await this.#client.resource(pods, namespace).createSubresource(name, 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: nodeName },
    })
  }
}
