import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Clock, Logger, Timer } from '@kemu/base'
import type { Cri } from '../cri/cri.ts'
import type { ObservedPod } from '../cri/observed-pod.ts'

export interface LogRotatorDeps {
  readonly cri: Cri
  readonly clock: Clock
  readonly logger: Logger
  readonly pods: () => readonly ObservedPod[]
}

export interface LogRotatorConfig {
  /** Of one log before it is put aside (containerLogMaxSize). */
  readonly bytesMax: number
  /** The one in use among them (containerLogMaxFiles). */
  readonly filesMax: number
}

/** containerLogMonitorInterval. */
const periodMs = 10_000

/**
 * Keeps the logs of running containers small: what is too large is put aside under the time's name,
 * earlier ones are compressed, the oldest go. Upstream: ContainerLogManager.
 */
export class LogRotator {
  readonly #deps: LogRotatorDeps
  readonly #config: LogRotatorConfig
  #timer: Timer | undefined
  #busy = false

  constructor(deps: LogRotatorDeps, config: LogRotatorConfig) {
    this.#deps = deps
    this.#config = config
  }

  start(): void {
    this.#timer = this.#deps.clock.setPeriodic(periodMs, () => void this.rotateAll())
  }

  close(): void {
    this.#timer?.cancel()
  }

  async rotateAll(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (const pod of this.#deps.pods())
        for (const { id, state, logPath } of pod.containers)
          if (state === 'running' && logPath !== '') await this.#rotate(id, logPath)
    } finally {
      this.#busy = false
    }
  }

  async #rotate(containerId: string, path: string): Promise<void> {
    const { cri, logger } = this.#deps
    const found = await stat(path).catch(() => undefined)
    if (!found || found.size < this.#config.bytesMax) return
    try {
      await this.#makeRoom(path)
      const aside = `${path}.${this.#stamp()}`
      await rename(path, aside)
      try {
        await cri.runtime.ReopenContainerLog({ containerId })
      } catch (error) {
        await rename(aside, path)
        throw error
      }
    } catch (error) {
      logger.warn('Container log was not rotated', { path, err: error as Error })
    }
  }

  /** The newest of the old logs stays as it is: somebody may still read it. */
  async #makeRoom(path: string): Promise<void> {
    const old = await oldLogs(path)
    const kept = Math.max(0, this.#config.filesMax - 2)
    const gone = old.slice(0, Math.max(0, old.length - kept))
    for (const name of gone) await rm(name, { force: true })
    for (const name of old.slice(gone.length)) {
      if (name.endsWith('.gz')) continue
      await pipeline(createReadStream(name), createGzip(), createWriteStream(`${name}.tmp`))
      await rename(`${name}.tmp`, `${name}.gz`)
      await rm(name, { force: true })
    }
  }

  #stamp(): string {
    const iso = new Date(this.#deps.clock.now()).toISOString()
    return iso.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  }
}

/** Logs that were put aside, oldest first; leftovers of a broken compression go. */
async function oldLogs(path: string): Promise<string[]> {
  const folder = dirname(path)
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${basename(path)}.`))
  for (const name of names) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true })
  return names
    .filter((name) => !name.endsWith('.tmp'))
    .sort()
    .map((name) => join(folder, name))
}
