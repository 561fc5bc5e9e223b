/**
 * How the kubelet reaches a container runtime: CRI v1 over a unix socket, ours or any other's (containerd, CRI-O).
 * Nothing but the typed calls; what they mean is CRI's. Beside it, how archives of images come to a runtime of kemu.
 */
import { RpcChannel } from '@kemu/rpc'
import type { RpcClient } from '@kemu/rpc'
import { ImageService, RuntimeService } from '@kemu/rpc/cri'
import type { ImageServiceMethods, RuntimeServiceMethods } from '@kemu/rpc/cri'

export { ImageClient, openArchive } from './image-client.ts'
export { removeRuntimeGroups } from './runtime-groups.ts'

export class CriClient {
  readonly runtime: RpcClient<RuntimeServiceMethods>
  readonly images: RpcClient<ImageServiceMethods>
  readonly #channel: RpcChannel

  /** `endpoint` is `unix:///run/containerd/containerd.sock` or a bare path. */
  constructor(endpoint: string) {
    const target = endpoint.startsWith('unix:') ? endpoint : `unix://${endpoint}`
    this.#channel = new RpcChannel(target)
    this.runtime = this.#channel.service(RuntimeService)
    this.images = this.#channel.service(ImageService)
  }

  /** Resolves when the socket answers; rejects after the time. */
  ready(timeoutMs: number): Promise<void> {
    return this.#channel.ready(timeoutMs)
  }

  close(): void {
    this.#channel.close()
  }
}
