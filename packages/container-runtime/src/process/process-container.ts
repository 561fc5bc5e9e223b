import { createWriteStream, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import type { Clock, Logger } from '@kemu/base'
import { RpcError, status } from '@kemu/rpc'
import type {
  AdoptedContainer,
  AttachedIo,
  ContainerExit,
  ProcessUsage,
} from '../handler/handler.ts'
import { translateStartError } from '../oci/oci-runtime.ts'
import { LogTailer } from '../logs/log-tailer.ts'
import type { LogStream } from '../logs/cri-log.ts'
import type { Timestamps } from '../logs/timestamps.ts'
import type { ContainerRecord } from '../store/records.ts'
import { tryCommand } from './command.ts'
import {
  environmentMark,
  findProcesses,
  killProcesses,
  MountNamespace,
} from './container-processes.ts'
import type { Membership } from './container-processes.ts'
import type { FifoPool } from './fifo-pool.ts'
import type { Isolation } from './isolation.ts'
import type { LaunchRequest } from './launch-plan.ts'
import { isAlive, readStat, signalProcess } from './procfs.ts'
import type { ProcessIdentity } from './procfs.ts'
import { measureUsage } from './process-usage.ts'
import { hadBegun, readIdentity, readExit, Shim } from './shim.ts'
import type { ShimExit } from './shim.ts'
import type { ShimLauncher } from './shim-launcher.ts'
import { hasOwnPids, writeStartFiles } from './start-files.ts'
import type { ContainerStart } from './start-files.ts'
import { TerminalResizer } from './terminal-resizer.ts'

export interface ProcessContainerDeps {
  readonly clock: Clock
  readonly timestamps: Timestamps
  readonly logger: Logger
  readonly launcher: ShimLauncher
  readonly exited: (exit: ContainerExit) => void
  /** The memory limit killed a process of the container. */
  readonly wasOomKilled: () => boolean
}

/** One container of the process handler: its directory, its shim, its log. */
export class ProcessContainer {
  readonly record: ContainerRecord
  readonly #dir: string
  readonly #io: string
  readonly #deps: ProcessContainerDeps
  readonly #terminal: TerminalResizer
  #shim: Shim | undefined
  #tailer: LogTailer | undefined
  #main: ProcessIdentity | undefined
  #membership: Membership | undefined
  /**
   * The parent of a PID namespace's first process shares its mount namespace. Were it killed too, the shim would tell
   * of an exit before the namespace is empty, and nobody near would reap its first process.
   */
  #reaper: number | undefined
  #namespace: MountNamespace | undefined
  #stdin: Writable | undefined
  #override: Pick<ContainerExit, 'reason' | 'message'> = {}
  #finished: Promise<void> = Promise.resolve()
  #wake: () => void = () => undefined

  constructor(record: ContainerRecord, dir: string, deps: ProcessContainerDeps) {
    this.record = record
    this.#dir = dir
    this.#io = join(dir, 'io')
    this.#deps = deps
    this.#terminal = new TerminalResizer(() => this.#main?.pid, deps.clock)
  }

  get main(): ProcessIdentity | undefined {
    return this.#main
  }

  /** FIFOs and, without a root of its own, the directory tree that stands for one. */
  async create(request: LaunchRequest, fifos: FifoPool): Promise<void> {
    mkdirSync(this.#io, { recursive: true, mode: 0o700 })
    const { stdin, tty } = this.record.config
    const names = ['alive', 'out', 'err', ...(stdin || tty ? ['in'] : [])]
    for (const name of names) await fifos.take(join(this.#io, name))
    if (request.level === 'plain') makePlainRoot(request)
  }

  async start(start: ContainerStart): Promise<void> {
    writeStartFiles(start, this.#dir)
    this.#openLog()
    this.#arm()
    const { shim, outcome } = await Shim.start(
      this.#deps.launcher,
      {
        dir: this.#io,
        tree: start.isolation.level === 'plain' ? 'session' : 'namespace',
        mark: environmentMark(this.record.id),
      },
      (exit) => void this.#onExit(exit),
    )
    this.#shim = shim
    if (outcome.kind === 'failed') {
      this.#tailer?.close()
      this.#wake()
      throw new RpcError(
        status.UNKNOWN,
        `OCI runtime create failed: runc create failed: unable to start container process: ${translateStartError(outcome.error)}`,
      )
    }
    this.#became(outcome.main, start.isolation)
  }

  adopt(isolation: Isolation): AdoptedContainer {
    if (!existsSync(this.#io)) return { kind: 'notStarted' }
    if (this.record.phase === 'exited')
      return { kind: 'exited', exit: this.#exitOf(readExit(this.#io)) }
    if (this.record.phase === 'created' || !hadBegun(this.#io)) return { kind: 'notStarted' }
    const main = readIdentity(join(this.#io, 'main.stat'))
    this.#openLog()
    this.#arm()
    if (main) this.#became(main, isolation)
    let early: ShimExit | undefined
    let isListening = false
    this.#shim = Shim.adopt(this.#io, (exit) => {
      if (isListening) void this.#onExit(exit)
      else early = exit
    })
    isListening = true
    if (!early) return { kind: 'running' }
    this.kill()
    this.#letGo()
    void this.#tailer?.finish()
    this.#wake()
    return { kind: 'exited', exit: this.#exitOf(early) }
  }

  signal(signal: NodeJS.Signals | number): void {
    if (this.#main) signalProcess(this.#main, signal)
  }

  kill(): void {
    if (this.#main) signalProcess(this.#main, 'SIGKILL')
    // A PID namespace of its own ends with its first process.
    const endsWithMain = this.#namespace !== undefined && hasOwnPids(this.record)
    if (this.#membership && !endsWithMain) killProcesses(this.#membership, this.#reaper)
  }

  /** Kills it and says why; for containers that break a rule of the emulation. */
  fail(reason: string, message: string): void {
    this.#override = { reason, message }
    this.kill()
  }

  processes(): number[] {
    return this.#membership ? findProcesses(this.#membership) : []
  }

  usage(): ProcessUsage | undefined {
    return this.#main && isAlive(this.#main) ? measureUsage(this.processes()) : undefined
  }

  reopenLog(): void {
    this.#tailer?.reopen()
  }

  attach(): AttachedIo {
    const { stdin, stdinOnce, tty } = this.record.config
    const tailer = this.#tailer
    const stops: (() => void)[] = []
    return {
      stdin: stdin ? this.#openStdin() : undefined,
      onOutput: (listener) => {
        if (tailer) stops.push(tailer.listen(listener))
      },
      resize: (columns, rows) => this.#terminal.resize(columns, rows),
      exited: this.#finished,
      endStdin: () => {
        // containerd: with a terminal the input stays, as it does for a container that is attached to again.
        if (!stdin || !stdinOnce || tty) return false
        this.#closeStdin()
        return true
      },
      close: () => {
        for (const stop of stops) stop()
        if (stdin && stdinOnce) this.#closeStdin()
      },
    }
  }

  close(): void {
    this.#shim?.close()
    this.#tailer?.close()
    this.#stdin?.destroy()
    this.#letGo()
    this.#wake()
  }

  #letGo(): void {
    this.#namespace?.release()
    this.#namespace = undefined
    this.#membership = undefined
  }

  #openStdin(): Writable {
    // Opened without waiting: the shim holds the other end.
    this.#stdin ??= createWriteStream(join(this.#io, 'in'), { flags: 'r+' })
    this.#stdin.on('error', () => undefined) // the container closed its input; its end tells
    return this.#stdin
  }

  /** The end of input: our writing end and, at USR1, the shim's. */
  #closeStdin(): void {
    const shim = readIdentity(join(this.#io, 'shim.stat'))
    const finish = (): void => {
      if (shim) signalProcess(shim, 'SIGUSR1')
    }
    if (!this.#stdin) return finish()
    this.#stdin.end(finish)
    this.#stdin = undefined
  }

  #arm(): void {
    this.#finished = new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #openLog(): void {
    const { tty } = this.record.config
    const streams: LogStream[] = tty ? ['stdout'] : ['stdout', 'stderr']
    this.#tailer = new LogTailer(this.#io, streams, this.record.logPath, {
      clock: this.#deps.clock,
      timestamps: this.#deps.timestamps,
      logger: this.#deps.logger,
      release: (path, bytes) => void this.#punchHole(path, bytes),
    })
  }

  async #punchHole(path: string, bytes: number): Promise<void> {
    const punch = await tryCommand('fallocate', [
      '--punch-hole',
      '--offset',
      '0',
      '--length',
      String(bytes),
      path,
    ])
    if (punch.code !== 0)
      this.#deps.logger.debug('Raw output keeps its disk space', {
        path,
        said: punch.stderr.trim(),
      })
  }

  #became(main: ProcessIdentity, isolation: Isolation): void {
    this.#main = main
    if (isolation.level === 'isolated') {
      this.#namespace = MountNamespace.hold(main.pid)
      this.#membership = this.#namespace?.membership
      this.#reaper = readStat(main.pid)?.parentPid
    } else if (isolation.level === 'plain')
      this.#membership = {
        kind: 'session',
        session: main.pid,
        mark: environmentMark(this.record.id),
      }
  }

  async #onExit(exit: ShimExit): Promise<void> {
    this.kill()
    this.#letGo()
    await this.#tailer?.finish()
    this.#main = undefined
    this.#wake()
    this.#deps.exited(this.#exitOf(exit))
  }

  #exitOf(exit: ShimExit): ContainerExit {
    const oom = this.#deps.wasOomKilled() ? { reason: 'OOMKilled' } : {}
    return { code: exit.code, finishedAtNs: exit.finishedAtNs, ...oom, ...this.#override }
  }
}

/** A directory tree that stands for a root: links to the volumes, and private /tmp, /root and so on. */
function makePlainRoot(request: LaunchRequest): void {
  const { plainRoot, container, image } = request
  for (const name of ['etc', 'root', 'tmp', 'var/log', 'run'])
    mkdirSync(join(plainRoot, name), { recursive: true })
  for (const [path, text] of Object.entries(image.files)) {
    mkdirSync(dirname(join(plainRoot, path)), { recursive: true })
    writeFileSync(join(plainRoot, path), text)
  }
  const mounts = [...container.config.mounts].sort(
    (a, b) => a.containerPath.length - b.containerPath.length,
  )
  for (const mount of mounts) {
    if (!existsSync(mount.hostPath)) mkdirSync(mount.hostPath, { recursive: true })
    const target = join(plainRoot, mount.containerPath)
    mkdirSync(dirname(target), { recursive: true })
    if (!existsSync(target)) symlinkSync(mount.hostPath, target)
  }
  mkdirSync(join(plainRoot, container.config.workingDir || image.config.workingDir || '/'), {
    recursive: true,
  })
}
