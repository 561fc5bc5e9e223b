import type { Logger, Random } from '@kemu/base'
import type { HostPort, HostPorts, PodNetwork } from '@kemu/network/pod'
import type { PodSandboxConfig } from '@kemu/rpc/cri'
import type { ContainerHandler } from '../handler/handler.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import { namespacesOf } from '../store/records.ts'
import type { SandboxRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Containers } from './containers.ts'
import { failed, invalid, notFound } from './errors.ts'
import type { Events } from './events.ts'
import { KeyedQueue } from './keyed-queue.ts'

export interface SandboxesDeps {
  readonly store: Store<SandboxRecord>
  readonly handlers: ReadonlyMap<string, ContainerHandler>
  readonly network: PodNetwork
  readonly hostPorts: HostPorts
  readonly containers: Containers
  readonly events: Events
  readonly timestamps: Timestamps
  readonly random: Random
  readonly logger: Logger
}

/** The name that a sandbox reserves, containerd's makeSandboxName. */
export function sandboxName({ config }: SandboxRecord): string {
  const { name, namespace, uid, attempt } = config.metadata!
  return [name, namespace, uid, attempt].join('_')
}

/** The life of pod sandboxes: records, network, handler and events kept in step. */
export class Sandboxes {
  readonly #deps: SandboxesDeps
  readonly #queue = new KeyedQueue()

  constructor(deps: SandboxesDeps) {
    this.#deps = deps
  }

  handlerOf(record: SandboxRecord): ContainerHandler {
    return this.#handler(record.runtimeHandler)
  }

  find(id: string): SandboxRecord | undefined {
    return this.#deps.store.find(id)
  }

  get(id: string): SandboxRecord {
    const record = this.find(id)
    if (!record) throw notFound.sandbox(id)
    return record
  }

  list(): SandboxRecord[] {
    return this.#deps.store.all().filter(({ phase }) => phase !== 'creating')
  }

  async run(
    config: PodSandboxConfig | null | undefined,
    runtimeHandler: string,
  ): Promise<SandboxRecord> {
    const { store, network, events } = this.#deps
    const record = this.#newRecord(config, runtimeHandler)
    const handler = this.#handler(runtimeHandler)
    handler.checkSandbox(record)
    const { hostNetwork } = namespacesOf(record.config)
    const notReady = hostNetwork ? undefined : network.notReady()
    if (notReady)
      throw failed(
        `failed to setup network for sandbox ${JSON.stringify(record.id)}: cni plugin not initialized`,
      )
    store.create(record)
    try {
      const attachment = hostNetwork ? ({ kind: 'host' } as const) : network.attach(record.id)
      if (attachment.kind !== 'host') record.address = attachment.address
      await handler.runSandbox(record, attachment)
      await this.#openPorts(record)
    } catch (error) {
      await this.#undo(record, handler)
      throw error
    }
    record.phase = 'ready'
    store.save(record)
    events.emit(record.id, 'CONTAINER_CREATED_EVENT', record)
    events.emit(record.id, 'CONTAINER_STARTED_EVENT', record)
    return record
  }

  /** Containers first, then pause and network. Stopping what is stopped or unknown is fine. */
  stop(id: string): Promise<void> {
    const record = this.find(id)
    if (!record) return Promise.resolve()
    return this.#queue.run(record.id, () => this.#stop(record))
  }

  remove(id: string): Promise<void> {
    const record = this.find(id)
    if (!record) return Promise.resolve()
    return this.#queue.run(record.id, () => this.#remove(record))
  }

  /** The pause process ended by itself or was killed: the pod is over, its containers are the kubelet's to stop. */
  onExit(id: string): void {
    const record = this.find(id)
    if (!record || record.phase !== 'ready') return
    record.phase = 'notready'
    this.#deps.store.save(record)
    this.#deps.events.emit(id, 'CONTAINER_STOPPED_EVENT', record)
  }

  /** Takes up what the last runtime process left; half-made and half-removed sandboxes are completed. */
  async recover(): Promise<void> {
    const { store, network, logger } = this.#deps
    for (const record of store.all()) {
      const handler = this.#handler(record.runtimeHandler)
      const isRunning = handler.adoptSandbox(record)
      if (record.phase === 'creating' || record.phase === 'removing') {
        logger.info('Completing what a crash interrupted', { id: record.id, phase: record.phase })
        await this.#remove(record)
      } else if (record.phase === 'ready' && !isRunning) {
        record.phase = 'notready'
        store.save(record)
      } else if (record.phase === 'ready') await this.#reopenPorts(record)
    }
    network.retain(new Set(store.all().map(({ id }) => id)))
  }

  /** A pod on the node's network has the node's ports itself. */
  async #openPorts(record: SandboxRecord): Promise<void> {
    const { address, config } = record
    const wanted = config.portMappings.filter(({ hostPort }) => hostPort > 0)
    if (address === undefined || wanted.length === 0) return
    const ports = wanted.map(({ protocol, ...rest }): HostPort => {
      if (protocol === 'SCTP') throw invalid('port_mappings: SCTP host ports are not emulated')
      return { ...rest, protocol }
    })
    await this.#deps.hostPorts.open(record.id, address, ports).catch((error: Error) => {
      const id = JSON.stringify(record.id)
      throw failed(`failed to setup network for sandbox ${id}: ${error.message}`)
    })
  }

  /** The runtime carries host ports, so they were shut while it was gone; somebody else may have taken one. */
  async #reopenPorts(record: SandboxRecord): Promise<void> {
    try {
      await this.#openPorts(record)
    } catch (error) {
      this.#deps.logger.error('Cannot open host ports again', { id: record.id, err: error })
    }
  }

  #newRecord(config: PodSandboxConfig | null | undefined, runtimeHandler: string): SandboxRecord {
    if (!config?.metadata) throw invalid('sandbox config must include metadata')
    const { uid, namespace } = config.metadata
    if (uid === '' || namespace === '')
      throw invalid('sandbox metadata must include uid and namespace')
    return {
      id: this.#deps.random.bytes(32).toString('hex'),
      config,
      runtimeHandler,
      createdAtNs: this.#deps.timestamps.nowNs().toString(),
      phase: 'creating',
      address: undefined,
    }
  }

  #handler(name: string): ContainerHandler {
    const handler = this.#deps.handlers.get(name)
    if (handler) return handler
    const known = [...this.#deps.handlers.keys()].map((key) => JSON.stringify(key)).join(', ')
    throw failed(
      `failed to get sandbox runtime: no runtime for ${JSON.stringify(name)} is configured (handlers: ${known})`,
    )
  }

  async #stop(record: SandboxRecord): Promise<void> {
    const { containers, network, store, events } = this.#deps
    for (const container of containers.ofSandbox(record.id)) await containers.stop(container.id, 0)
    const wasReady = record.phase === 'ready'
    if (wasReady) record.phase = 'notready'
    await this.handlerOf(record).stopSandbox(record.id)
    this.#deps.hostPorts.close(record.id)
    network.release(record.id)
    if (!wasReady) return
    store.save(record)
    events.emit(record.id, 'CONTAINER_STOPPED_EVENT', record)
  }

  async #remove(record: SandboxRecord): Promise<void> {
    const { containers, network, store, events } = this.#deps
    if (!store.find(record.id)) return
    await this.#stop(record)
    record.phase = 'removing'
    store.save(record)
    for (const container of containers.ofSandbox(record.id)) await containers.remove(container.id)
    await this.handlerOf(record).removeSandbox(record.id)
    network.release(record.id)
    store.delete(record)
    events.emit(record.id, 'CONTAINER_DELETED_EVENT', record)
  }

  async #undo(record: SandboxRecord, handler: ContainerHandler): Promise<void> {
    try {
      await handler.stopSandbox(record.id)
      await handler.removeSandbox(record.id)
    } catch (error) {
      this.#deps.logger.warn('Cannot clean up a failed sandbox', { id: record.id, err: error })
    }
    this.#deps.hostPorts.close(record.id)
    this.#deps.network.release(record.id)
    this.#deps.store.delete(record)
  }
}
