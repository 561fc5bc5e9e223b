import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PodAttachment } from '@kemu/network/pod'
import { RpcError, status } from '@kemu/rpc'
import type { SandboxRecord } from '../store/records.ts'
import { namespacesOf } from '../store/records.ts'
import type { FifoPool } from './fifo-pool.ts'
import type { Isolation } from './isolation.ts'
import { pauseInnerScript, pauseRunScript } from './launch-script.ts'
import type { PauseLaunch } from './launch-script.ts'
import { isAlive, signalProcess } from './procfs.ts'
import type { ProcessIdentity } from './procfs.ts'
import { hadBegun, Shim } from './shim.ts'
import type { ShimLauncher } from './shim-launcher.ts'

export interface ProcessSandboxDeps {
  readonly isolation: () => Isolation
  readonly ownNetwork: boolean
  readonly fifos: FifoPool
  readonly launcher: ShimLauncher
  readonly hostname: (sandbox: SandboxRecord) => string
  readonly exited: (sandboxId: string) => void
}

/** A pod's pause process and its shim: it holds the namespaces that the pod's containers share. */
export class ProcessSandbox {
  readonly record: SandboxRecord
  readonly #dir: string
  readonly #deps: ProcessSandboxDeps
  #shim: Shim | undefined
  #main: ProcessIdentity | undefined
  #gone: Promise<void> = Promise.resolve()
  #wake: () => void = () => undefined

  constructor(record: SandboxRecord, dir: string, deps: ProcessSandboxDeps) {
    this.record = record
    this.#dir = join(dir, 'pause')
    this.#deps = deps
  }

  get main(): ProcessIdentity | undefined {
    return this.#main
  }

  async run(attachment: PodAttachment): Promise<void> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 })
    const pause = this.#plan(attachment)
    writeFileSync(join(this.#dir, 'run.sh'), pauseRunScript(pause))
    writeFileSync(join(this.#dir, 'inner.sh'), pauseInnerScript(pause))
    await this.#deps.fifos.take(join(this.#dir, 'alive'))
    this.#arm()
    const { shim, outcome } = await Shim.start(
      this.#deps.launcher,
      { dir: this.#dir, tree: 'namespace', mark: '-' },
      () => this.#onExit(),
    )
    this.#shim = shim
    if (outcome.kind === 'failed') {
      this.#wake()
      throw new RpcError(
        status.UNKNOWN,
        `failed to start sandbox "${this.record.id}": ${outcome.error}`,
      )
    }
    this.#main = outcome.main
  }

  /** True when pause still runs. */
  adopt(): boolean {
    if (this.record.phase !== 'ready' || !hadBegun(this.#dir)) return false
    this.#arm()
    this.#shim = Shim.adopt(this.#dir, () => this.#onExit())
    const main = this.#shim.main
    if (!main || !isAlive(main)) return false
    this.#main = main
    return true
  }

  async stop(): Promise<void> {
    if (this.#main) signalProcess(this.#main, 'SIGKILL')
    await this.#gone
  }

  close(): void {
    this.#shim?.close()
  }

  #arm(): void {
    this.#gone = new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #onExit(): void {
    // The shim may have been killed alone; a sandbox without one is over.
    if (this.#main) signalProcess(this.#main, 'SIGKILL')
    this.#main = undefined
    this.#wake()
    this.#deps.exited(this.record.id)
  }

  #plan(attachment: PodAttachment): PauseLaunch {
    const { config } = this.record
    const { hostNetwork, hostIpc, pid } = namespacesOf(config)
    const isIsolated = this.#deps.isolation().level === 'isolated'
    const ownNet = attachment.kind === 'namespace'
    return {
      namespaces: isIsolated
        ? [
            ...(ownNet ? (['net'] as const) : []),
            ...(hostIpc ? [] : (['ipc'] as const)),
            ...(hostNetwork ? [] : (['uts'] as const)),
          ]
        : [],
      sharedPid: isIsolated && pid === 'POD' && sharesPid(config),
      hostname: isIsolated && !hostNetwork ? this.#deps.hostname(this.record) : undefined,
      sysctls: { ...(ownNet ? unprivilegedPorts : {}), ...config.linux?.sysctls },
      podBatch: ownNet ? attachment.podBatch : undefined,
      hostBatch: ownNet ? attachment.hostBatch : undefined,
    }
  }
}

/** containerd 2's enable_unprivileged_ports: pods bind low ports without a capability. */
const unprivilegedPorts = { 'net.ipv4.ip_unprivileged_port_start': '0' }

/** POD is also what an absent message reads as; the pod shares only when it says so. */
function sharesPid(config: SandboxRecord['config']): boolean {
  return config.linux?.securityContext?.namespaceOptions?.pid === 'POD'
}
