import { rmSync } from 'node:fs'
import { hostname as machineHostname } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Clock, Logger } from '@kemu/base'
import type { PodAttachment, PodNetwork } from '@kemu/network/pod'
import { RpcError, status } from '@kemu/rpc'
import type { LinuxContainerResources } from '@kemu/rpc/cri'
import type {
  AdoptedContainer,
  AttachedIo,
  ContainerHandler,
  ExecProcess,
  ExecRequest,
  HandlerEvents,
  ProcessUsage,
} from '../handler/handler.ts'
import { Cgroups } from '../cgroups/cgroups.ts'
import type { ImageDefinition } from '../images/image.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import { findOciRuntime } from '../oci/oci-runtime.ts'
import type { OciRuntime } from '../oci/oci-runtime.ts'
import type { ContainerRecord, RecordedUser, SandboxRecord } from '../store/records.ts'
import { namespacesOf } from '../store/records.ts'
import { planCapabilities, readGivable } from './capabilities.ts'
import { checkContainerFields, checkSandboxFields, refuse } from './checks.ts'
import type { Abilities } from './checks.ts'
import { ContainerExecs } from './container-execs.ts'
import { strayMark } from './container-processes.ts'
import { FifoPool } from './fifo-pool.ts'
import { ImageBases, imageVolumes } from './image-bases.ts'
import { findProgramPlaces, ImageRoots } from './image-roots.ts'
import type { ProgramPlaces } from './image-roots.ts'
import { describeMachine } from './describe-machine.ts'
import { closedSandbox, dialPod } from './pod-dialer.ts'
import { readIdMapping } from './id-mapping.ts'
import { chooseIsolation, plainIsolation } from './isolation.ts'
import type { Isolation } from './isolation.ts'
import { hostnameOf, planLaunch } from './launch-plan.ts'
import type { LaunchRequest } from './launch-plan.ts'
import { launchRequest } from './launch-request.ts'
import { ListenerWatch } from './listener-watch.ts'
import { listPids, signalPid } from './procfs.ts'
import { ProcessContainer } from './process-container.ts'
import { ProcessSandbox } from './process-sandbox.ts'
import type { ShimLauncher } from './shim-launcher.ts'
import { sandboxFiles, writeSandboxFiles } from './sandbox-files.ts'
import type { Starter } from './start-files.ts'
import { UnknownUser } from './user.ts'

export interface ProcessHandlerDeps {
  readonly clock: Clock
  readonly timestamps: Timestamps
  readonly logger: Logger
  readonly network: PodNetwork
  readonly events: HandlerEvents
  /** Persistent directory of the handler's own. */
  readonly root: string
  readonly sandboxDir: (id: string) => string
  readonly containerDir: (id: string) => string
  readonly imageOf: (imageId: string) => ImageDefinition | undefined
  /** Directory of kemu's bundles. */
  readonly bundles: string
  readonly isolation: 'auto' | 'plain'
  /** Whether an OCI runtime of the machine starts loaded images' containers. */
  readonly ociRuntime: 'auto' | 'none'
  readonly launcher: ShimLauncher
  /** The node's own address, for pods on its network. */
  readonly nodeAddress: string
  /** The node's hosts file. */
  readonly nodeHosts: string
}

/** Containers as process trees of this machine; see the package's README for what isolates them. */
export class ProcessHandler implements ContainerHandler {
  readonly name = 'process'
  readonly #deps: ProcessHandlerDeps
  readonly #fifos: FifoPool
  readonly #places: ProgramPlaces
  readonly #givable = readGivable()
  readonly #ids = readIdMapping()
  readonly #uid = process.getuid?.() ?? 0
  readonly #gid = process.getgid?.() ?? 0
  readonly #sandboxes = new Map<string, ProcessSandbox>()
  readonly #containers = new Map<string, ProcessContainer>()
  readonly #listeners: ListenerWatch
  readonly #execs: ContainerExecs
  readonly #imageRoots: ImageRoots
  #isolation: Isolation = plainIsolation
  #bases: ImageBases | undefined
  /** A text says why there is none. */
  #oci: OciRuntime | string = 'not looked for yet'
  #cgroups: Cgroups | string = 'not looked for yet'

  constructor(deps: ProcessHandlerDeps) {
    this.#deps = deps
    this.#places = findProgramPlaces(deps.bundles)
    this.#imageRoots = new ImageRoots(join(deps.root, 'images'), this.#places)
    this.#fifos = new FifoPool(join(deps.root, 'fifos'))
    this.#listeners = new ListenerWatch(deps.clock, deps.logger)
    this.#execs = new ContainerExecs(deps.clock)
  }

  async start(): Promise<void> {
    const { root, logger } = this.#deps
    const [isolation, oci] = await Promise.all([
      chooseIsolation(this.#deps.isolation, join(root, 'probe')),
      findOciRuntime(this.#deps.ociRuntime),
      this.#fifos.start(),
    ])
    this.#isolation = isolation
    this.#oci = oci
    this.#bases = new ImageBases(root, this.#places, this.#imageRoots)
    this.#cgroups =
      isolation.level === 'plain'
        ? 'containers are plain process trees'
        : Cgroups.open({ root, logger })
    this.#deps.logger.info('Isolation of containers', this.describe())
  }

  describe(): Readonly<Record<string, unknown>> {
    return describeMachine({
      isolation: this.#isolation,
      network: this.#deps.network.name,
      oci: this.#oci,
      cgroups: this.#cgroups,
      ids: this.#ids,
      uid: this.#uid,
    })
  }

  checkSandbox(sandbox: SandboxRecord): void {
    checkSandboxFields(sandbox, this.#abilities([]))
  }

  async runSandbox(sandbox: SandboxRecord, attachment: PodAttachment): Promise<void> {
    const { hostIpc } = namespacesOf(sandbox.config)
    const dir = this.#deps.sandboxDir(sandbox.id)
    const files = sandboxFiles(dir, hostIpc || this.#isolation.level === 'plain')
    const hostname = hostnameOf(sandbox, machineHostname())
    writeSandboxFiles(files, sandbox, hostname, this.#deps.nodeHosts)
    const part = new ProcessSandbox(sandbox, dir, this.#sandboxDeps())
    this.#sandboxes.set(sandbox.id, part)
    await part.run(attachment)
  }

  async stopSandbox(sandboxId: string): Promise<void> {
    await this.#sandboxes.get(sandboxId)?.stop()
  }

  async removeSandbox(sandboxId: string): Promise<void> {
    this.#sandboxes.get(sandboxId)?.close()
    this.#sandboxes.delete(sandboxId)
    this.#groups?.remove(sandboxId)
  }

  checkContainer(
    container: ContainerRecord,
    sandbox: SandboxRecord,
    image: ImageDefinition,
  ): RecordedUser {
    const security = container.config.linux?.securityContext
    if (image.layers && this.#isolation.level === 'plain')
      refuse('image', 'a loaded image needs a root of its own, which this machine denies')
    const { missing } = planCapabilities(security, this.#givable)
    // On loopback low ports are shifted for a user who may not bind them: the capability is not needed.
    const shifted = this.#deps.network.name === 'loopback' && this.#uid !== 0
    const lacked = missing.filter((name) => !shifted || name !== 'net_bind_service')
    checkContainerFields(container, this.#abilities(lacked))
    try {
      const { user } = this.#launchRequest(container, sandbox, image)
      return this.#uid === 0 ? user : { uid: this.#uid, gid: this.#gid, groups: [this.#gid] }
    } catch (error) {
      if (error instanceof UnknownUser) throw new RpcError(status.NOT_FOUND, error.message)
      throw error
    }
  }

  async createContainer(
    container: ContainerRecord,
    sandbox: SandboxRecord,
    image: ImageDefinition,
  ): Promise<void> {
    const part = this.#container(container)
    await part.create(this.#launchRequest(container, sandbox, image), this.#fifos)
    const dir = this.#deps.containerDir(container.id)
    await this.#bases!.prepare(container, image, dir, this.#isolation.overlay)
    this.#groups?.create(sandbox.id, container.id, container.config.linux?.resources ?? undefined)
    this.#containers.set(container.id, part)
  }

  async startContainer(
    container: ContainerRecord,
    sandbox: SandboxRecord,
    image: ImageDefinition,
  ): Promise<void> {
    const part = this.#containers.get(container.id) ?? this.#container(container)
    this.#containers.set(container.id, part)
    const request = this.#launchRequest(container, sandbox, image)
    const pause = this.#sandboxes.get(sandbox.id)?.main
    const { securityContext, resources } = container.config.linux ?? {}
    const target = securityContext?.namespaceOptions?.targetId
    await part.start({
      launch: planLaunch(request),
      request,
      isolation: this.#isolation,
      base: this.#bases!.baseOf(image),
      imageVolumes: imageVolumes(container, image, this.#deps.containerDir(container.id)),
      starter: this.#starterOf(container, image),
      settings: {
        cgroupProcs: this.#cgroupProcs(container),
        oomScoreAdj: resources ? Number(resources.oomScoreAdj) : undefined,
      },
      pausePid: pause?.pid,
      ownNetwork: this.#deps.network.name === 'netns',
      targetPid: target ? this.mainPid(target) : undefined,
    })
    if (this.#deps.network.name === 'loopback' && image.isForeign)
      this.#listeners.add(part, sandbox.address ?? this.#deps.nodeAddress)
  }

  /** crun for what people brought, where it is installed; the machine's own tools for the rest, and for terminals. */
  #starterOf({ config }: ContainerRecord, image: ImageDefinition): Starter {
    const oci = this.#oci
    if (!image.layers || config.tty || typeof oci === 'string') return { kind: 'tools' }
    return { kind: 'oci', runtime: oci.name, stateDir: this.#ociStateDir }
  }

  get #ociStateDir(): string {
    return join(this.#deps.root, 'oci')
  }

  get #groups(): Cgroups | undefined {
    return typeof this.#cgroups === 'string' ? undefined : this.#cgroups
  }

  #cgroupProcs({ id, sandboxId }: ContainerRecord): string[] {
    return this.#groups?.procsFiles(sandboxId, id) ?? []
  }

  signalContainer(containerId: string, signal: NodeJS.Signals | number): void {
    this.#containers.get(containerId)?.signal(signal)
  }

  killContainer(containerId: string): void {
    this.#containers.get(containerId)?.kill()
  }

  async removeContainer(containerId: string): Promise<void> {
    const part = this.#containers.get(containerId)
    part?.close()
    this.#containers.delete(containerId)
    rmSync(join(this.#ociStateDir, containerId), { recursive: true, force: true })
    if (part) this.#groups?.remove(part.record.sandboxId, containerId)
  }

  async updateResources(
    container: ContainerRecord,
    resources: LinuxContainerResources,
  ): Promise<void> {
    // Without control groups it is accepted: `describe` says that limits are not enforced.
    this.#groups?.update(container.sandboxId, container.id, resources)
  }

  reopenLog(containerId: string): void {
    this.#containers.get(containerId)?.reopenLog()
  }

  adoptSandbox(sandbox: SandboxRecord): boolean {
    const part = new ProcessSandbox(sandbox, this.#deps.sandboxDir(sandbox.id), this.#sandboxDeps())
    this.#sandboxes.set(sandbox.id, part)
    return part.adopt()
  }

  adoptContainer(container: ContainerRecord, sandbox: SandboxRecord): AdoptedContainer {
    const part = this.#container(container)
    this.#containers.set(container.id, part)
    const adopted = part.adopt(this.#isolation)
    const image = this.#deps.imageOf(container.imageId)
    const isForeign = image?.isForeign === true && this.#deps.network.name === 'loopback'
    if (adopted.kind === 'running' && isForeign)
      this.#listeners.add(part, sandbox.address ?? this.#deps.nodeAddress)
    return adopted
  }

  sweep(running: ReadonlySet<string>): void {
    this.#groups?.sweep(new Set(this.#sandboxes.keys()))
    if (this.#isolation.level === 'isolated') return // their PID namespaces died with their first process
    for (const pid of listPids()) {
      const id = strayMark(pid)
      const isOurs = id !== undefined && this.#containers.has(id)
      if (isOurs && !running.has(id)) signalPid(pid, 'SIGKILL')
    }
  }

  async exec(container: ContainerRecord, request: ExecRequest): Promise<ExecProcess> {
    const part = this.#containers.get(container.id)
    const image = this.#deps.imageOf(container.imageId)
    const sandbox = this.#sandboxes.get(container.sandboxId)?.record
    if (!part?.main || !image || !sandbox)
      throw new RpcError(status.NOT_FOUND, `container ${container.id} has no running process`)
    return this.#execs.start(request, {
      container,
      surroundings: this.#launchRequest(container, sandbox, image),
      pid: part.main.pid,
      dir: this.#deps.containerDir(container.id),
      ociStateDir: this.#ociStateDir,
      cgroupProcs: this.#cgroupProcs(container),
    })
  }

  attach(container: ContainerRecord): AttachedIo {
    const part = this.#containers.get(container.id)
    if (!part) throw new RpcError(status.NOT_FOUND, `container ${container.id} is not known here`)
    return part.attach()
  }

  async connect(sandbox: SandboxRecord, port: number): Promise<Duplex> {
    const { network, nodeAddress } = this.#deps
    const { id: sandboxId, address = nodeAddress } = sandbox
    const pid = this.sandboxPid(sandboxId)
    if (pid === undefined) throw closedSandbox(sandboxId)
    const namespacePid = network.name === 'netns' ? pid : undefined
    const place = { address, port: network.reachablePort(port) }
    return dialPod({ ...place, namespacePid, sandboxId }, this.#places)
  }

  mainPid(containerId: string): number | undefined {
    return this.#containers.get(containerId)?.main?.pid
  }

  sandboxPid(sandboxId: string): number | undefined {
    return this.#sandboxes.get(sandboxId)?.main?.pid
  }

  usage(containerId: string): ProcessUsage | undefined {
    return this.#containers.get(containerId)?.usage()
  }

  close(): void {
    this.#listeners.close()
    for (const part of this.#containers.values()) part.close()
    for (const part of this.#sandboxes.values()) part.close()
  }

  #abilities(missingCapabilities: readonly string[]): Abilities {
    return {
      isolation: this.#isolation,
      ownNetwork: this.#deps.network.name === 'netns',
      uid: this.#uid,
      gid: this.#gid,
      ids: this.#ids,
      missingCapabilities,
    }
  }

  #sandboxDeps(): ConstructorParameters<typeof ProcessSandbox>[2] {
    return {
      isolation: () => this.#isolation,
      ownNetwork: this.#deps.network.name === 'netns',
      fifos: this.#fifos,
      launcher: this.#deps.launcher,
      hostname: (sandbox) => hostnameOf(sandbox, machineHostname()),
      exited: (id) => this.#deps.events.sandboxExited(id),
    }
  }

  #container(record: ContainerRecord): ProcessContainer {
    return new ProcessContainer(record, this.#deps.containerDir(record.id), {
      clock: this.#deps.clock,
      timestamps: this.#deps.timestamps,
      logger: this.#deps.logger,
      launcher: this.#deps.launcher,
      exited: (exit) => this.#deps.events.containerExited(record.id, exit),
      wasOomKilled: () => this.#groups?.wasOomKilled(record.sandboxId, record.id) ?? false,
    })
  }

  #launchRequest(
    container: ContainerRecord,
    sandbox: SandboxRecord,
    image: ImageDefinition,
  ): LaunchRequest {
    const { network, nodeAddress, sandboxDir, containerDir } = this.#deps
    return launchRequest(container, sandbox, image, {
      level: this.#isolation.level,
      network,
      nodeAddress,
      sandboxDir: sandboxDir(sandbox.id),
      containerDir: containerDir(container.id),
      imageRoot: image.layers ? '' : this.#imageRoots.rootOf(image),
      accounts: this.#bases!.accountsOf(image),
      ids: this.#ids,
      uid: this.#uid,
      givable: this.#givable,
    })
  }
}
