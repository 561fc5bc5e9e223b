import type { Logger, Random } from '@kemu/base'
import type { HostPort, HostPorts, NetworkedPod, PodJoin, PodNetwork } from '@kemu/network/pod'
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
    const { store, events } = this.#deps
    const record = this.#newRecord(config, runtimeHandler)
    const handler = this.#handler(runtimeHandler)
    handler.checkSandbox(record)
    const { hostNetwork } = namespacesOf(record.config)
    store.create(record)
    store.save(record)
    try {
      const join = hostNetwork ? undefined : await this.#join(record)
      await handler.runSandbox(record, join?.attachment ?? { kind: 'host' })
      if (join) await this.#complete(record, join)
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
    await network.retain(new Set(store.all().map(({ id }) => id)))
    for (const record of store.all().filter(({ phase }) => phase === 'ready'))
      await this.#checkNetwork(record)
  }

  async #join(record: SandboxRecord): Promise<PodJoin> {
    try {
      return await this.#deps.network.join(networkedPod(record))
    } catch (error) {
      throw networkFailure(record, error as Error)
    }
  }

  async #complete(record: SandboxRecord, join: PodJoin): Promise<void> {
    try {
      const { addresses } = await join.complete(this.#namespacePath(record))
      const [own, ...additional] = addresses
      record.address = own
      if (additional.length > 0) record.additionalAddresses = additional
    } catch (error) {
      throw networkFailure(record, error as Error)
    }
  }

  /** Where plugins find the pod's network namespace; empty when it is gone, or the pod has none of its own. */
  #namespacePath(record: SandboxRecord): string {
    const pid = this.handlerOf(record).sandboxPid(record.id)
    return pid === undefined || this.#deps.network.name === 'loopback' ? '' : `/proc/${pid}/ns/net`
  }

  /** A pod that lost its network meanwhile is somebody's to see; containerd never looks, CRI-O does. */
  async #checkNetwork(record: SandboxRecord): Promise<void> {
    try {
      await this.#deps.network.check(record.id, this.#namespacePath(record))
    } catch (error) {
      this.#deps.logger.warn("A pod's network is not as it was made", {
        id: record.id,
        err: error as Error,
      })
    }
  }

  /** A pod on the node's network has the node's ports itself. */
  async #openPorts(record: SandboxRecord): Promise<void> {
    const { address, config } = record
    const wanted = config.portMappings.filter(({ hostPort }) => hostPort > 0)
    if (address === undefined || wanted.length === 0) return
    if (!this.#deps.network.opensHostPorts(record.id)) return
    const ports = wanted.map(({ protocol, ...rest }): HostPort => {
      if (protocol === 'SCTP') throw invalid('port_mappings: SCTP host ports are not emulated')
      return { ...rest, protocol }
    })
    await this.#deps.hostPorts.open(record.id, address, ports).catch((error: Error) => {
      throw networkFailure(record, error)
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
    this.#deps.hostPorts.close(record.id)
    await this.#leave(record)
    await this.handlerOf(record).stopSandbox(record.id)
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

  async #leave(record: SandboxRecord): Promise<void> {
    try {
      await this.#deps.network.leave(record.id, this.#namespacePath(record))
    } catch (error) {
      const id = JSON.stringify(record.id)
      throw failed(`failed to destroy network for sandbox ${id}: ${(error as Error).message}`)
    }
  }

  /** A sandbox that a plugin does not let go stays, not ready, so that its removal is tried again (as containerd). */
  async #undo(record: SandboxRecord, handler: ContainerHandler): Promise<void> {
    const { logger, hostPorts, network, store } = this.#deps
    hostPorts.close(record.id)
    const hasLeft = await this.#leave(record).then(
      () => true,
      (err: Error) => {
        logger.warn('Cannot take a failed sandbox off its network', { id: record.id, err })
        return false
      },
    )
    try {
      await handler.stopSandbox(record.id)
      await handler.removeSandbox(record.id)
    } catch (error) {
      logger.warn('Cannot clean up a failed sandbox', { id: record.id, err: error })
    }
    network.release(record.id)
    record.phase = 'notready'
    if (hasLeft) store.delete(record)
    else store.save(record)
  }
}

function networkedPod({ id, config }: SandboxRecord): NetworkedPod {
  const { name, namespace, uid } = config.metadata!
  return {
    sandboxId: id,
    namespace,
    name,
    uid,
    annotations: config.annotations,
    hostPorts: config.portMappings.filter(({ hostPort }) => hostPort > 0),
    dns: config.dnsConfig ?? undefined,
    cgroupParent: config.linux?.cgroupParent ?? '',
  }
}

function networkFailure(record: SandboxRecord, error: Error): Error {
  const id = JSON.stringify(record.id)
  return failed(`failed to setup network for sandbox ${id}: ${error.message}`)
}
