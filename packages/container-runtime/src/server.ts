import { accessSync, chmodSync, constants, mkdirSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { Closers, systemClock, systemRandom } from '@kemu/base'
import type { Logger } from '@kemu/base'
import { detectPortFloor } from '@kemu/network/address'
import {
  CniPodNetwork,
  HostPorts,
  LoopbackDriver,
  NetnsDriver,
  pluginPrograms,
} from '@kemu/network/pod'
import { RpcServer } from '@kemu/rpc'
import { ImageService, RuntimeService } from '@kemu/rpc/cri'
import { Images } from '@kemu/rpc/images'
import { containerName, Containers } from './cri/containers.ts'
import { Events } from './cri/events.ts'
import { imageService } from './cri/image-service.ts'
import { runtimeService } from './cri/runtime-service.ts'
import { sandboxName, Sandboxes } from './cri/sandboxes.ts'
import type { ContainerHandler, HandlerEvents } from './handler/handler.ts'
import { builtinCatalogue, preloadedImages } from './images/builtin.ts'
import { kubernetesVersion } from './images/recipes.ts'
import { ImageStore } from './images/image-store.ts'
import { imageLoading } from './images/loaded/image-loading.ts'
import { LoadedImages } from './images/loaded/loaded-images.ts'
import { nodeMaker } from './images/loaded/make-nodes.ts'
import { Timestamps } from './logs/timestamps.ts'
import { runCommand } from './process/command.ts'
import { ProcessHandler } from './process/process-handler.ts'
import { ShimLauncher } from './process/shim-launcher.ts'
import { RecordFiles } from './store/record-file.ts'
import type { ContainerRecord, SandboxRecord } from './store/records.ts'
import { Store } from './store/store.ts'
import { StreamingServer } from './streams/streaming-server.ts'

export interface ContainerRuntimeOptions {
  readonly socketPath: string
  readonly root: string
  readonly network: 'loopback' | 'netns'
  /** `auto` takes what the machine allows. */
  readonly isolation: 'auto' | 'plain'
  /** Directory of CNI configurations: /etc/cni/net.d. */
  readonly cniConfDir: string
  /** Directories of CNI plugins, searched in order. */
  readonly cniBinDirs: readonly string[]
  /** Directory of addresses and attachments: /var/lib/cni. */
  readonly cniStateDir: string
  readonly ociRuntime: 'auto' | 'none'
  readonly nodeAddress: string
  /** `host:port`; port 0 takes a free one. */
  readonly streamingAddress: string
  readonly bundles: string
  /** FIFO of the host; empty for none. */
  readonly lifeline: string
  readonly nodeHosts: string
}

export interface RunningContainerRuntime {
  /** Stops serving; containers go on. */
  close(): Promise<void>
}

/** Builds the runtime's parts in the order in which they need each other, recovers, and serves. */
export async function startContainerRuntime(
  options: ContainerRuntimeOptions,
  logger: Logger,
): Promise<RunningContainerRuntime> {
  const closers = new Closers()
  prepareRoot(options.root)
  await freeSocket(options.socketPath)
  const timestamps = new Timestamps(systemClock)
  const portFloor = options.network === 'loopback' ? await detectPortFloor() : 0
  const network = closers.add(makeNetwork(options, portFloor, logger))
  const hostPorts = new HostPorts({
    clock: systemClock,
    // On loopback every other address is another host's; in a namespace of its own the host has them all.
    nodeAddress: options.network === 'loopback' ? options.nodeAddress : '0.0.0.0',
    portFloor,
  })
  closers.add({ close: () => hostPorts.closeAll() })
  const loaded = new LoadedImages(join(options.root, 'images'), nodeMaker(logger))
  const images = new ImageStore(
    join(options.root, 'images.json'),
    builtinCatalogue(options.bundles),
    preloadedImages,
    loaded,
  )
  const launcher = new ShimLauncher(options.root, options.lifeline)
  closers.add(launcher)
  const sandboxFiles = new RecordFiles<SandboxRecord>(
    join(options.root, 'sandboxes'),
    'sandbox.json',
    logger,
    (dir) => launcher.removeTree(dir),
  )
  const containerFiles = new RecordFiles<ContainerRecord>(
    join(options.root, 'containers'),
    'container.json',
    logger,
    (dir) => launcher.removeTree(dir),
  )
  const sandboxStore = new Store(sandboxFiles, sandboxName)
  const containerStore = new Store(containerFiles, (record) =>
    containerName(record, sandboxStore.find(record.sandboxId)),
  )
  const handlerEvents: HandlerEvents = {
    containerExited: (id, exit) => containers.onExit(id, exit),
    sandboxExited: (id) => sandboxes.onExit(id),
  }
  const handler = new ProcessHandler({
    clock: systemClock,
    timestamps,
    logger,
    network,
    events: handlerEvents,
    root: join(options.root, 'process'),
    sandboxDir: (id) => sandboxFiles.dirOf(id),
    containerDir: (id) => containerFiles.dirOf(id),
    imageOf: (id) => images.definition(id),
    bundles: options.bundles,
    isolation: options.isolation,
    ociRuntime: options.ociRuntime,
    launcher,
    nodeAddress: options.nodeAddress,
    nodeHosts: options.nodeHosts,
  })
  closers.add(handler)
  const handlers: ReadonlyMap<string, ContainerHandler> = new Map([
    ['', handler],
    [handler.name, handler],
  ])
  const events = new Events({
    timestamps,
    containersOf: (sandboxId) => containers.ofSandbox(sandboxId),
    imageOf: (id) => images.find(id),
  })
  const containers: Containers = new Containers({
    store: containerStore,
    images,
    sandboxOf: (id) => sandboxStore.find(id),
    handlerOf: (sandbox) => sandboxes.handlerOf(sandbox),
    events,
    clock: systemClock,
    timestamps,
    random: systemRandom,
    logger,
  })
  const sandboxes: Sandboxes = new Sandboxes({
    store: sandboxStore,
    handlers,
    network,
    hostPorts,
    containers,
    events,
    timestamps,
    random: systemRandom,
    logger,
  })
  await handler.start()
  network.start()
  await containers.recover()
  await sandboxes.recover()
  const streaming = new StreamingServer({
    clock: systemClock,
    random: systemRandom,
    logger,
    handlerOf: (sandboxId) => sandboxes.handlerOf(sandboxes.get(sandboxId)),
  })
  await streaming.listen(options.streamingAddress)
  closers.add(streaming)
  const server = new RpcServer()
    .add(
      RuntimeService,
      runtimeService({
        sandboxes,
        containers,
        images,
        handlers,
        network,
        events,
        streaming,
        timestamps,
        logger,
        version: kubernetesVersion,
      }),
    )
    .add(
      ImageService,
      imageService({
        images,
        timestamps,
        root: options.root,
        isUsed: (id) => containers.usesImage(id),
      }),
    )
    .add(Images, imageLoading(loaded, logger))
  await server.listen([`unix://${options.socketPath}`])
  chmodSync(options.socketPath, 0o600)
  closers.add(server)
  logger.info('Serving CRI', { socket: options.socketPath, network: network.name })
  return closers
}

function makeNetwork(
  options: ContainerRuntimeOptions,
  portFloor: number,
  logger: Logger,
): CniPodNetwork {
  return new CniPodNetwork({
    logger,
    driver:
      options.network === 'loopback'
        ? new LoopbackDriver(portFloor)
        : new NetnsDriver(async (batch) => {
            await runCommand('ip', ['-batch', '-'], batch)
          }),
    runPlugin: pluginPrograms(options.cniBinDirs),
    pluginDirs: options.cniBinDirs,
    configurationDir: options.cniConfDir,
    stateDir: options.cniStateDir,
  })
}

/** Says what is wrong with the directory while somebody is looking, not at the first pod. */
function prepareRoot(root: string): void {
  try {
    mkdirSync(root, { recursive: true, mode: 0o711 })
    accessSync(root, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`cannot use ${root} as --root: ${code ?? String(error)}`, { cause: error })
  }
}

/** A socket left by a killed runtime is removed; one that answers belongs to another runtime and is not. */
async function freeSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > 107)
    throw new Error(`--listen ${path}: a unix socket's path may have 107 bytes at most`)
  mkdirSync(dirname(path), { recursive: true })
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return
  if (!stat.isSocket()) throw new Error(`--listen ${path}: there is something that is no socket`)
  if (await answers(path))
    throw new Error(`--listen ${path}: another container runtime serves this socket`)
  rmSync(path, { force: true })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
