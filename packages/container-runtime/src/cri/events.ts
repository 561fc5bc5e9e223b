import type { Message } from '@kemu/rpc'
import type { ContainerEventResponse, ContainerEventType } from '@kemu/rpc/cri'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import type { StoredImage } from '../images/image-store.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import { viewContainerStatus, viewSandboxStatus } from './views.ts'

export type ContainerEvent = Message<ContainerEventResponse>
type Listener = (event: ContainerEvent) => void

export interface EventsDeps {
  readonly timestamps: Timestamps
  /** Containers of a sandbox as the records have them at the moment of the event. */
  readonly containersOf: (sandboxId: string) => ContainerRecord[]
  readonly imageOf: (imageId: string) => StoredImage | undefined
}

/**
 * CRI container events (KEP-3386). Each is sent when the record says so already, with the whole pod's status: a kubelet
 * that follows them need not list. A sandbox's events carry the sandbox's id as the container's, as containerd does.
 */
export class Events {
  readonly #deps: EventsDeps
  readonly #listeners = new Set<Listener>()

  constructor(deps: EventsDeps) {
    this.#deps = deps
  }

  /** The result ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(containerId: string, type: ContainerEventType, sandbox: SandboxRecord | undefined): void {
    if (this.#listeners.size === 0) return
    const containers = sandbox ? this.#deps.containersOf(sandbox.id) : []
    const event: ContainerEvent = {
      containerId,
      containerEventType: type,
      createdAt: this.#deps.timestamps.nowNs().toString(),
      podSandboxStatus: sandbox ? viewSandboxStatus(sandbox) : null,
      containersStatuses: containers.map((record) =>
        viewContainerStatus(record, this.#deps.imageOf(record.imageId)),
      ),
    }
    for (const listener of this.#listeners) listener(event)
  }
}
