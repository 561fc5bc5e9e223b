import { isAbsolute, join } from 'node:path'
import { sleep } from '@kemu/base'
import type { Clock, Logger, Random } from '@kemu/base'
import type { ContainerConfig, LinuxContainerResources } from '@kemu/rpc/cri'
import type { ContainerExit, ContainerHandler } from '../handler/handler.ts'
import type { ImageStore } from '../images/image-store.ts'
import type { ImageDefinition } from '../images/image.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { failed, invalid, notFound } from './errors.ts'
import type { Events } from './events.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { parseSignal } from './signals.ts'
import { containerState } from './views.ts'

export interface ContainersDeps {
  readonly store: Store<ContainerRecord>
  readonly images: ImageStore
  readonly sandboxOf: (sandboxId: string) => SandboxRecord | undefined
  readonly handlerOf: (sandbox: SandboxRecord) => ContainerHandler
  readonly events: Events
  readonly clock: Clock
  readonly timestamps: Timestamps
  readonly random: Random
  readonly logger: Logger
}

/** containerd's exit code for a container that could not be started. */
const startErrorCode = 128
/** containerd's exit code for a container whose end nobody saw. */
const unknownExitCode = 255
/** How long after SIGKILL we wait for a process that the kernel does not let go. */
const killGraceMs = 10_000

/** The name that a container reserves, containerd's makeContainerName. */
export function containerName(record: ContainerRecord, sandbox: SandboxRecord | undefined): string {
  const { name, attempt } = record.config.metadata!
  const pod = sandbox?.config.metadata
  return [name, pod?.name, pod?.namespace, pod?.uid, attempt].join('_')
}

/** The life of containers: records, handler and events kept in step. Calls for one container run one at a time. */
export class Containers {
  readonly #deps: ContainersDeps
  readonly #queue = new KeyedQueue()
  readonly #exitWaiters = new Map<string, (() => void)[]>()

  constructor(deps: ContainersDeps) {
    this.#deps = deps
  }

  find(id: string): ContainerRecord | undefined {
    return this.#deps.store.find(id)
  }

  get(id: string): ContainerRecord {
    const record = this.find(id)
    if (!record) throw notFound.container(id)
    return record
  }

  list(): ContainerRecord[] {
    return this.#deps.store.all().filter(({ phase }) => phase !== 'creating')
  }

  ofSandbox(sandboxId: string): ContainerRecord[] {
    return this.list().filter((record) => record.sandboxId === sandboxId)
  }

  /** A container is there that was made from the image. */
  usesImage(imageId: string): boolean {
    return this.#deps.store.all().some((record) => record.imageId === imageId)
  }

  handlerOf(record: ContainerRecord): ContainerHandler {
    return this.#deps.handlerOf(this.#sandbox(record))
  }

  async create(
    sandboxId: string,
    config: ContainerConfig | null | undefined,
  ): Promise<ContainerRecord> {
    const { store, events } = this.#deps
    const sandbox = this.#deps.sandboxOf(sandboxId)
    if (!sandbox) throw failed(`failed to find sandbox id ${JSON.stringify(sandboxId)}: not found`)
    if (sandbox.phase !== 'ready')
      throw failed(`sandbox container ${JSON.stringify(sandbox.id)} is not running`)
    if (!config?.metadata) throw invalid('container config must include metadata')
    const image = this.#deps.images.find(config.image?.image ?? '')
    if (!image)
      throw failed(
        `failed to resolve image ${JSON.stringify(config.image?.image ?? '')}: not found`,
      )
    const record = this.#newRecord(sandbox, config, image.id)
    const handler = this.#deps.handlerOf(sandbox)
    if (commandIsEmpty(config, image.definition)) throw failed('no command specified')
    record.user = handler.checkContainer(record, sandbox, image.definition)
    store.create(record)
    try {
      await handler.createContainer(record, sandbox, image.definition)
    } catch (error) {
      await handler.removeContainer(record.id)
      store.delete(record)
      throw error
    }
    record.phase = 'created'
    store.save(record)
    events.emit(record.id, 'CONTAINER_CREATED_EVENT', sandbox)
    return record
  }

  start(id: string): Promise<void> {
    const record = this.get(id)
    return this.#queue.run(record.id, () => this.#start(record))
  }

  /** Asks, waits, then kills. A timeout of 0 kills at once. */
  async stop(id: string, timeoutMs: number): Promise<void> {
    const record = this.find(id)
    if (!record || record.phase !== 'running') return
    const handler = this.handlerOf(record)
    if (timeoutMs > 0) {
      handler.signalContainer(record.id, this.stopSignalOf(record))
      if (await this.#waitExit(record, timeoutMs)) return
    }
    handler.killContainer(record.id)
    if (!(await this.#waitExit(record, killGraceMs)))
      throw failed(
        `failed to kill container ${JSON.stringify(record.id)}: its process does not end`,
      )
  }

  remove(id: string): Promise<void> {
    const record = this.find(id)
    if (!record) return Promise.resolve()
    return this.#queue.run(record.id, () => this.#remove(record))
  }

  async updateResources(id: string, resources: LinuxContainerResources): Promise<void> {
    const record = this.get(id)
    const state = containerState(record)
    if (state === 'CONTAINER_EXITED')
      throw failed(`not updating resources: container is in ${state} state`)
    await this.handlerOf(record).updateResources(record, resources)
    record.resources = { ...(record.resources ?? resources), ...definedFields(resources) }
    this.#deps.store.save(record)
  }

  stopSignalOf(record: ContainerRecord): NodeJS.Signals | number {
    const { stopSignal } = record.config
    const ofImage = this.#deps.images.definition(record.imageId)?.config.stopSignal ?? ''
    return parseSignal(stopSignal === 'RUNTIME_DEFAULT' ? ofImage : stopSignal) ?? 'SIGTERM'
  }

  onExit(id: string, exit: ContainerExit): void {
    const record = this.find(id)
    if (!record) return
    this.#recordExit(record, exit)
    for (const wake of this.#exitWaiters.get(id)?.splice(0) ?? []) wake()
    this.#deps.events.emit(id, 'CONTAINER_STOPPED_EVENT', this.#deps.sandboxOf(record.sandboxId))
  }

  /** Takes up what the last runtime process left. */
  async recover(): Promise<void> {
    const { store, logger } = this.#deps
    const handlers = new Set<ContainerHandler>()
    for (const record of store.all()) {
      const sandbox = this.#deps.sandboxOf(record.sandboxId)
      if (!sandbox) {
        logger.info('Removing a container without a sandbox', { id: record.id })
        store.delete(record)
        continue
      }
      const handler = this.#deps.handlerOf(sandbox)
      handlers.add(handler)
      await this.#recoverOne(record, sandbox, handler)
    }
    const running = new Set(
      store
        .all()
        .filter(({ phase }) => phase === 'running')
        .map(({ id }) => id),
    )
    for (const handler of handlers) handler.sweep(running)
  }

  async #recoverOne(
    record: ContainerRecord,
    sandbox: SandboxRecord,
    handler: ContainerHandler,
  ): Promise<void> {
    const adopted = handler.adoptContainer(record, sandbox)
    switch (adopted.kind) {
      case 'running':
        if (record.phase === 'starting')
          record.startedAtNs = this.#deps.timestamps.nowNs().toString()
        record.phase = 'running'
        this.#deps.store.save(record)
        return
      case 'exited':
        if (record.phase !== 'exited') this.#recordExit(record, adopted.exit)
        return
      case 'notStarted':
        // The caller of StartContainer got no answer; containerd leaves such a container as created.
        if (record.phase === 'starting')
          this.#failStart(record, 'the runtime was restarted while it started')
        else if (record.phase === 'running') this.#recordExit(record, lostExit)
    }
  }

  #newRecord(sandbox: SandboxRecord, config: ContainerConfig, imageId: string): ContainerRecord {
    const { logDirectory } = sandbox.config
    const hasLog = config.logPath !== '' && (logDirectory !== '' || isAbsolute(config.logPath))
    return {
      id: this.#deps.random.bytes(32).toString('hex'),
      sandboxId: sandbox.id,
      config,
      imageId,
      createdAtNs: this.#deps.timestamps.nowNs().toString(),
      logPath: hasLog ? join(logDirectory, config.logPath) : undefined,
      phase: 'creating',
      user: undefined,
      startedAtNs: '0',
      finishedAtNs: '0',
      exitCode: 0,
      reason: '',
      message: '',
      resources: config.linux?.resources ?? undefined,
    }
  }

  async #start(record: ContainerRecord): Promise<void> {
    const { store, events, images } = this.#deps
    if (record.phase !== 'created')
      throw failed(
        `failed to set starting state for container ${JSON.stringify(record.id)}: container is in ${containerState(record)} state`,
      )
    const sandbox = this.#sandbox(record)
    const image = images.definition(record.imageId)
    record.phase = 'starting'
    store.save(record)
    try {
      if (sandbox.phase !== 'ready')
        throw failed(`sandbox container ${JSON.stringify(sandbox.id)} is not running`)
      if (!image) throw failed(`image ${record.imageId} is not known to this version of kemu`)
      await this.#deps.handlerOf(sandbox).startContainer(record, sandbox, image)
    } catch (error) {
      const message = `failed to create containerd task: failed to create shim task: ${messageOf(error)}`
      this.#failStart(record, message)
      throw failed(message)
    }
    // It may have ended already: then the exit was recorded, with its start.
    if (containerState(record) !== 'CONTAINER_CREATED') return
    record.phase = 'running'
    record.startedAtNs = this.#deps.timestamps.nowNs().toString()
    store.save(record)
    events.emit(record.id, 'CONTAINER_STARTED_EVENT', sandbox)
  }

  #failStart(record: ContainerRecord, message: string): void {
    record.phase = 'exited'
    record.finishedAtNs = this.#deps.timestamps.nowNs().toString()
    record.exitCode = startErrorCode
    record.reason = 'StartError'
    record.message = message
    this.#deps.store.save(record)
  }

  #recordExit(record: ContainerRecord, exit: ContainerExit): void {
    const now = this.#deps.timestamps.nowNs()
    if (record.startedAtNs === '0') record.startedAtNs = now.toString()
    record.phase = 'exited'
    record.finishedAtNs = (exit.finishedAtNs ?? now).toString()
    record.exitCode = exit.code ?? unknownExitCode
    record.reason = exit.reason ?? (exit.code === undefined ? 'Unknown' : '')
    record.message = exit.message ?? ''
    this.#deps.store.save(record)
  }

  async #remove(record: ContainerRecord): Promise<void> {
    const { store, events } = this.#deps
    if (!store.find(record.id)) return
    await this.stop(record.id, 0)
    const sandbox = this.#deps.sandboxOf(record.sandboxId)
    await this.handlerOf(record).removeContainer(record.id)
    store.delete(record)
    this.#deps.images.collect((id) => this.usesImage(id))
    events.emit(record.id, 'CONTAINER_DELETED_EVENT', sandbox)
  }

  #sandbox(record: ContainerRecord): SandboxRecord {
    const sandbox = this.#deps.sandboxOf(record.sandboxId)
    if (!sandbox) throw failed(`sandbox ${JSON.stringify(record.sandboxId)} not found: not found`)
    return sandbox
  }

  /** True when the container ended within the time. */
  async #waitExit(record: ContainerRecord, timeoutMs: number): Promise<boolean> {
    if (record.phase !== 'running') return true
    const cancel = new AbortController()
    const ended = new Promise<boolean>((resolve) => {
      const waiters = this.#exitWaiters.get(record.id) ?? []
      waiters.push(() => resolve(true))
      this.#exitWaiters.set(record.id, waiters)
    })
    const late = sleep(this.#deps.clock, timeoutMs, cancel.signal).then(() => false)
    const result = await Promise.race([ended, late])
    cancel.abort()
    return result
  }
}

const lostExit: ContainerExit = { code: undefined, finishedAtNs: undefined }

function commandIsEmpty(config: ContainerConfig, image: ImageDefinition): boolean {
  const ofImage = [...image.config.entrypoint, ...image.config.command]
  return config.command.length + config.args.length + ofImage.length === 0
}

/** Zero and empty mean "unchanged" in an update. */
function definedFields(resources: LinuxContainerResources): Partial<LinuxContainerResources> {
  return Object.fromEntries(
    Object.entries(resources).filter(
      ([, value]) => value !== '0' && value !== '' && value !== null,
    ),
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
