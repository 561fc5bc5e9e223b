import type { Clock } from '@kemu/base'
import { RpcError, status } from '@kemu/rpc'
import type { Message } from '@kemu/rpc'
import type {
  Container,
  ContainerConfig,
  ContainerEventResponse,
  ContainerStatus,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxStatus,
} from '@kemu/rpc/cri'
import type { Cri, ImageCalls, RuntimeCalls } from '../cri/cri.ts'

interface FakeSandbox {
  readonly id: string
  readonly config: PodSandboxConfig
  readonly ip: string
  readonly createdAtMs: number
  ready: boolean
}

interface FakeContainer {
  readonly id: string
  readonly sandboxId: string
  readonly config: ContainerConfig
  readonly createdAtMs: number
  state: Container['state']
  startedAtMs: number
  finishedAtMs: number
  exitCode: number
}

type Answer = { stdout?: string; stderr?: string; exitCode: number }

/** A runtime in memory: starts at once, ends when a test says so, tells its events. */
export class FakeCri implements Cri {
  readonly sandboxes = new Map<string, FakeSandbox>()
  readonly containers = new Map<string, FakeContainer>()
  readonly imagesPresent = new Set(['pause', 'busybox:latest'])
  readonly imagesKnown = new Set(['pause', 'busybox:latest', 'web:1'])
  /** Every call that changed something: `verb what`. */
  readonly log: string[] = []
  /** What Status(verbose) says of the handlers. */
  info: Record<string, string> = {}
  networkReady = true
  onStatus: () => void = () => undefined
  podCidr = ''
  /** Containers stop when this ends. */
  stops: Promise<void> = Promise.resolve()
  /** Pulls end when this does. */
  pulls: Promise<void> = Promise.resolve()
  /** Containers by name that end at their start with this code. */
  readonly endsAtOnce = new Map<string, number>()
  /** What a stopped container leaves. */
  stopExitCode = 0
  exec: (container: string, command: string[]) => Answer = () => ({ exitCode: 0 })
  /** Throws to make a call fail. */
  fault: (call: string) => void = () => undefined
  readonly runtime: RuntimeCalls
  readonly images: ImageCalls
  readonly #clock: Clock
  eventsMode: 'sent' | 'broken' | 'unimplemented' = 'sent'
  readonly #wakers = new Set<() => void>()
  readonly #listeners = new Set<(event: ContainerEventResponse) => void>()
  #ids = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.runtime = this.#runtimeCalls() as unknown as RuntimeCalls
    this.images = this.#imageCalls() as unknown as ImageCalls
  }

  async *events(signal: AbortSignal): AsyncIterable<ContainerEventResponse> {
    if (this.eventsMode === 'unimplemented')
      throw new RpcError(status.UNIMPLEMENTED, 'no container events')
    if (this.#isBroken()) throw new RpcError(status.UNAVAILABLE, 'runtime is away')
    const queue: ContainerEventResponse[] = []
    let wake = (): void => undefined
    const listener = (event: ContainerEventResponse): void => {
      queue.push(event)
      wake()
    }
    this.#listeners.add(listener)
    const waker = (): void => wake()
    this.#wakers.add(waker)
    signal.addEventListener('abort', waker)
    try {
      while (!signal.aborted) {
        while (queue.length > 0) yield queue.shift()!
        if (signal.aborted) return
        if (this.#isBroken()) throw new RpcError(status.UNAVAILABLE, 'broken off')
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#listeners.delete(listener)
      this.#wakers.delete(waker)
    }
  }

  #isBroken(): boolean {
    return this.eventsMode === 'broken'
  }

  /** The event stream breaks off, and stays broken until the mode is another. */
  breakEvents(): void {
    this.eventsMode = 'broken'
    for (const wake of this.#wakers) wake()
  }

  close(): void {}

  /** The newest start of a container. */
  find(name: string): FakeContainer | undefined {
    return [...this.containers.values()].filter((c) => c.config.metadata?.name === name).at(-1)
  }

  running(name: string): FakeContainer[] {
    return [...this.containers.values()].filter(
      (c) => c.config.metadata?.name === name && c.state === 'CONTAINER_RUNNING',
    )
  }

  /** The container's process ends by itself. */
  end(name: string, exitCode: number): void {
    this.#finish(this.find(name)!, exitCode)
  }

  #finish(container: FakeContainer, exitCode: number): void {
    if (container.state === 'CONTAINER_EXITED') return
    container.state = 'CONTAINER_EXITED'
    container.exitCode = exitCode
    container.finishedAtMs = this.#clock.now()
    this.#emit(container.id, 'CONTAINER_STOPPED_EVENT', container.sandboxId)
  }

  #emit(
    containerId: string,
    containerEventType: ContainerEventResponse['containerEventType'],
    sandboxId: string,
  ): void {
    const sandbox = this.sandboxes.get(sandboxId)
    const podSandboxStatus = sandbox ? this.#sandboxStatus(sandbox) : null
    const event = { containerId, containerEventType, podSandboxStatus }
    for (const listener of this.#listeners) listener(event as unknown as ContainerEventResponse)
  }

  #note(call: string, what: string): void {
    this.log.push(`${call} ${what}`)
    this.fault(call)
  }

  #runtimeCalls() {
    return {
      Version: async () => ({ runtimeName: 'fake', runtimeVersion: '1.0' }),
      Status: async () => {
        this.onStatus()
        return {
          status: {
            conditions: [
              { type: 'RuntimeReady', status: true, reason: '', message: '' },
              {
                type: 'NetworkReady',
                status: this.networkReady,
                reason: this.networkReady ? '' : 'NetworkPluginNotReady',
                message: this.networkReady ? '' : 'no pod CIDR',
              },
            ],
          },
          info: this.info,
          runtimeHandlers: [],
        }
      },
      UpdateRuntimeConfig: async (request: {
        runtimeConfig: { networkConfig: { podCidr: string } }
      }) => {
        this.podCidr = request.runtimeConfig.networkConfig.podCidr
        this.networkReady = true
      },
      ...this.#sandboxCalls(),
      ...this.#containerCalls(),
      ExecSync: async ({ containerId, cmd }: { containerId: string; cmd: string[] }) => {
        const name = this.containers.get(containerId)?.config.metadata?.name ?? ''
        const { stdout = '', stderr = '', exitCode } = this.exec(name, cmd)
        return { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode }
      },
    }
  }

  #sandboxCalls() {
    return {
      RunPodSandbox: async ({ config }: { config: PodSandboxConfig }) => {
        this.#note('RunPodSandbox', config.metadata!.name)
        const id = `sandbox-${++this.#ids}`
        const sandbox = { id, config, ip: `10.0.0.${this.#ids}`, createdAtMs: this.#clock.now() }
        this.sandboxes.set(id, { ...sandbox, ready: true })
        this.#emit(id, 'CONTAINER_STARTED_EVENT', id)
        return { podSandboxId: id }
      },
      StopPodSandbox: async ({ podSandboxId }: { podSandboxId: string }) => {
        const sandbox = this.sandboxes.get(podSandboxId)
        if (!sandbox) return
        this.#note('StopPodSandbox', sandbox.config.metadata!.name)
        for (const container of this.containers.values())
          if (container.sandboxId === podSandboxId) this.#finish(container, 137)
        sandbox.ready = false
        this.#emit(podSandboxId, 'CONTAINER_STOPPED_EVENT', podSandboxId)
      },
      RemovePodSandbox: async ({ podSandboxId }: { podSandboxId: string }) => {
        for (const container of this.containers.values())
          if (container.sandboxId === podSandboxId) this.containers.delete(container.id)
        this.sandboxes.delete(podSandboxId)
      },
      PodSandboxStatus: async ({ podSandboxId }: { podSandboxId: string }) => {
        const sandbox = this.sandboxes.get(podSandboxId)
        if (!sandbox) throw new RpcError(status.NOT_FOUND, 'sandbox not found')
        return { status: this.#sandboxStatus(sandbox) }
      },
      ListPodSandbox: async ({ filter }: { filter?: Filter }) => ({
        items: [...this.sandboxes.values()]
          .filter(({ config }) => selected(config.labels, filter))
          .map((sandbox) => this.#sandboxItem(sandbox)),
      }),
    }
  }

  #containerCalls() {
    return {
      CreateContainer: async (request: { podSandboxId: string; config: ContainerConfig }) => {
        const { podSandboxId: sandboxId, config } = request
        this.#note('CreateContainer', config.metadata!.name)
        const id = `container-${++this.#ids}`
        const times = { createdAtMs: this.#clock.now() + this.#ids / 1000, startedAtMs: 0 }
        const rest = { finishedAtMs: 0, exitCode: 0, state: 'CONTAINER_CREATED' as const }
        this.containers.set(id, { id, sandboxId, config, ...times, ...rest })
        return { containerId: id }
      },
      StartContainer: async ({ containerId }: { containerId: string }) => {
        const container = this.containers.get(containerId)!
        const { name } = container.config.metadata!
        this.#note('StartContainer', name)
        container.state = 'CONTAINER_RUNNING'
        container.startedAtMs = this.#clock.now()
        this.#emit(containerId, 'CONTAINER_STARTED_EVENT', container.sandboxId)
        const exitCode = this.endsAtOnce.get(name)
        if (exitCode !== undefined) this.#finish(container, exitCode)
      },
      StopContainer: async (request: { containerId: string; timeout: string }) => {
        const container = this.containers.get(request.containerId)
        if (!container) throw new RpcError(status.NOT_FOUND, 'container not found')
        this.#note('StopContainer', `${container.config.metadata!.name} ${request.timeout}`)
        await this.stops
        this.#finish(container, this.stopExitCode)
      },
      RemoveContainer: async ({ containerId }: { containerId: string }) => {
        this.containers.delete(containerId)
      },
      ListContainers: async ({ filter }: { filter?: Filter }) => ({
        containers: [...this.containers.values()]
          .filter(({ config }) => selected(config.labels, filter))
          .map(({ id, sandboxId, state, config }) => ({
            id,
            podSandboxId: sandboxId,
            state,
            labels: config.labels,
          })),
      }),
      ContainerStatus: async ({ containerId }: { containerId: string }) => {
        const container = this.containers.get(containerId)
        if (!container) throw new RpcError(status.NOT_FOUND, 'container not found')
        return { status: containerStatus(container) }
      },
      ReopenContainerLog: async () => ({}),
      ListContainerStats: async () => ({ stats: [] }),
    }
  }

  #imageCalls() {
    const imageOf = (name: string) =>
      this.imagesPresent.has(name)
        ? { id: `sha256:${name}`, size: '1024', repoTags: [name], repoDigests: [], username: '' }
        : null
    return {
      ImageStatus: async ({ image }: { image: { image: string } }) => ({
        image: imageOf(image.image),
      }),
      PullImage: async ({ image }: { image: { image: string } }) => {
        this.#note('PullImage', image.image)
        await this.pulls
        if (!this.imagesKnown.has(image.image))
          throw new RpcError(status.NOT_FOUND, `${image.image}: not found`)
        this.imagesPresent.add(image.image)
        return { imageRef: `sha256:${image.image}` }
      },
      ListImages: async () => ({ images: [] }),
    }
  }

  #sandboxItem({ id, config, ready }: FakeSandbox): Message<PodSandbox> {
    return { id, state: ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY', labels: config.labels }
  }

  #sandboxStatus(sandbox: FakeSandbox): Message<PodSandboxStatus> {
    const { config, createdAtMs, ip } = sandbox
    const options = config.linux?.securityContext?.namespaceOptions ?? null
    return {
      ...this.#sandboxItem(sandbox),
      metadata: config.metadata ?? null,
      createdAt: nanos(createdAtMs),
      network: { ip: options?.network === 'NODE' ? '' : ip, additionalIps: [] },
      linux: { namespaces: { options } },
    }
  }
}

interface Filter {
  readonly labelSelector?: Readonly<Record<string, string>>
}

function selected(labels: Readonly<Record<string, string>>, filter: Filter | undefined): boolean {
  return Object.entries(filter?.labelSelector ?? {}).every(([key, value]) => labels[key] === value)
}

function containerStatus(container: FakeContainer): Message<ContainerStatus> {
  const { id, config, state, exitCode } = container
  const ended = state === 'CONTAINER_EXITED'
  return {
    id,
    state,
    metadata: config.metadata ?? null,
    labels: config.labels,
    annotations: config.annotations,
    createdAt: nanos(container.createdAtMs),
    startedAt: nanos(container.startedAtMs),
    finishedAt: nanos(container.finishedAtMs),
    exitCode,
    reason: ended ? (exitCode === 0 ? 'Completed' : 'Error') : '',
    message: '',
    image: { image: config.image?.userSpecifiedImage ?? '' },
    imageRef: config.image?.image ?? '',
    mounts: config.mounts,
    logPath: '',
    stopSignal: 'RUNTIME_DEFAULT',
  }
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n)
}
