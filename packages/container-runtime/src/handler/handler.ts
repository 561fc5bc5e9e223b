import type { PodAttachment } from '@kemu/network/pod'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { LinuxContainerResources } from '@kemu/rpc/cri'
import type { ImageDefinition } from '../images/image.ts'
import type { LogStream } from '../logs/cri-log.ts'
import type { ContainerRecord, RecordedUser, SandboxRecord } from '../store/records.ts'

/** How a container's main process ended. */
export interface ContainerExit {
  /** Undefined: it is gone and nobody saw its code. */
  readonly code: number | undefined
  readonly finishedAtNs: bigint | undefined
  /** `OOMKilled` or a reason of the handler's own; absent: Completed or Error by the code. */
  readonly reason?: string
  readonly message?: string
}

/** What the bookkeeping is told by a handler. Each is called once for each end. */
export interface HandlerEvents {
  containerExited(containerId: string, exit: ContainerExit): void
  /** The process that holds the pod's namespaces is gone. */
  sandboxExited(sandboxId: string): void
}

export interface ExecRequest {
  readonly command: readonly string[]
  readonly tty: boolean
  readonly stdin: boolean
}

/** A command that runs in a container. */
export interface ExecProcess {
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** Undefined with a terminal. */
  readonly stderr: Readable | undefined
  /** The exit code, 128 + n after a signal; rejects when the command could not be started. */
  readonly exited: Promise<number>
  /** With a terminal only. */
  resize(columns: number, rows: number): void
  kill(): void
}

/** A container's own input and output, for attach. */
export interface AttachedIo {
  /** Undefined when the container has no stdin. It belongs to the container: it is never ended by a client. */
  readonly stdin: Writable | undefined
  /** The client's input ended: so does the container's when it asked for stdinOnce. False: it did not. */
  endStdin(): boolean
  onOutput(listener: (stream: LogStream, chunk: Buffer) => void): void
  resize(columns: number, rows: number): void
  /** Resolves when the container has ended. */
  readonly exited: Promise<void>
  close(): void
}

export interface ProcessUsage {
  readonly cpuNanos: bigint
  /** What cannot be given back under pressure: the kubelet's working set. */
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  readonly processes: number
}

/** What a handler found when the runtime started again. */
export type AdoptedContainer =
  | { readonly kind: 'running' }
  | { readonly kind: 'notStarted' }
  | { readonly kind: 'exited'; readonly exit: ContainerExit }

/**
 * The seam under the CRI bookkeeping: something that can make pods and containers be. `process` runs trees of
 * processes of this machine; `oci` (crun, runc) and `hollow` (no processes) stand behind the same calls. The caller
 * keeps records, states, events and names, and calls in order: one call at a time for each container.
 *
 * Refusals (a field that the handler cannot honour) are thrown by the `check` calls as RpcError INVALID_ARGUMENT naming
 * the field; other errors are failures. Every call may be repeated after a crash.
 */
export interface ContainerHandler {
  readonly name: string
  /** Finds out what the machine allows. */
  start(): Promise<void>
  /** For Status(verbose): isolation level, why not more, which limits bite. */
  describe(): Readonly<Record<string, unknown>>

  checkSandbox(sandbox: SandboxRecord): void
  runSandbox(sandbox: SandboxRecord, attachment: PodAttachment): Promise<void>
  /** Ends the sandbox's own process; the containers have ended before. */
  stopSandbox(sandboxId: string): Promise<void>
  removeSandbox(sandboxId: string): Promise<void>

  /** The ids that its processes will have. */
  checkContainer(
    container: ContainerRecord,
    sandbox: SandboxRecord,
    image: ImageDefinition,
  ): RecordedUser
  createContainer(
    container: ContainerRecord,
    sandbox: SandboxRecord,
    image: ImageDefinition,
  ): Promise<void>
  /** Resolves when the main process runs; a command that cannot be started rejects with runc's words. */
  startContainer(
    container: ContainerRecord,
    sandbox: SandboxRecord,
    image: ImageDefinition,
  ): Promise<void>
  signalContainer(containerId: string, signal: NodeJS.Signals | number): void
  /** SIGKILL to every process of the container. */
  killContainer(containerId: string): void
  removeContainer(containerId: string): Promise<void>
  updateResources(container: ContainerRecord, resources: LinuxContainerResources): Promise<void>
  reopenLog(containerId: string): void

  /** Takes up what outlived the last runtime process. */
  adoptSandbox(sandbox: SandboxRecord): boolean
  adoptContainer(container: ContainerRecord, sandbox: SandboxRecord): AdoptedContainer
  /** Kills what belongs to containers that are not running by the records. */
  sweep(running: ReadonlySet<string>): void

  exec(container: ContainerRecord, request: ExecRequest): Promise<ExecProcess>
  attach(container: ContainerRecord): AttachedIo
  /** A connection to a port of the pod. */
  connect(sandbox: SandboxRecord, port: number): Promise<Duplex>
  mainPid(containerId: string): number | undefined
  /** The process that holds the pod's namespaces. */
  sandboxPid(sandboxId: string): number | undefined
  usage(containerId: string): ProcessUsage | undefined
  /** Stops watching; containers go on. */
  close(): void
}
