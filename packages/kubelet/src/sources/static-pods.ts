import { mkdirSync, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '@kemu/api'
import type { Clock, Logger, Timer } from '@kemu/base'
import { readStaticPod } from './static-pod.ts'

export interface StaticPodsDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly nodeName: string
  /** Directory of manifests, or one file. */
  readonly path: string
}

/** A file is written in several steps; what follows within this time belongs together. */
const settleMs = 20
/** File systems that report nothing (fileCheckFrequency, 20 s). */
const recheckMs = 20_000

interface Seen {
  readonly stamp: string
  readonly pod: Pod | undefined
}

/**
 * The pods of the manifest directory, kept by watching it. A broken manifest leaves the others
 * alone.
 */
export class StaticPods {
  readonly #deps: StaticPodsDeps
  readonly #changed: (pods: Pod[]) => void
  #seen = new Map<string, Seen>()
  #watcher: FSWatcher | undefined
  #recheck: Timer | undefined
  #settling: Timer | undefined
  #closed = false

  constructor(deps: StaticPodsDeps, changed: (pods: Pod[]) => void) {
    this.#deps = deps
    this.#changed = changed
  }

  start(): void {
    const { path, clock, logger } = this.#deps
    try {
      if (!statSync(path, { throwIfNoEntry: false })) mkdirSync(path, { recursive: true })
      this.#watcher = watch(path, () => this.#settle())
      this.#watcher.on('error', (error) => logger.warn('Manifests are not watched', { err: error }))
    } catch (error) {
      logger.warn('Manifests are not watched', { path, err: error as Error })
    }
    this.#recheck = clock.setPeriodic(recheckMs, () => this.#read(false))
    this.#read(true)
  }

  close(): void {
    this.#closed = true
    this.#watcher?.close()
    this.#recheck?.cancel()
    this.#settling?.cancel()
  }

  #settle(): void {
    this.#settling?.cancel()
    this.#settling = this.#deps.clock.setTimer(settleMs, () => this.#read(false))
  }

  #read(first: boolean): void {
    if (this.#closed) return
    const next = new Map<string, Seen>()
    let changed = first
    for (const path of this.#manifests()) {
      const seen = this.#readOne(path)
      if (!seen) continue
      if (this.#seen.get(path)?.stamp !== seen.stamp) changed = true
      next.set(path, seen)
    }
    if (next.size !== this.#seen.size) changed = true
    this.#seen = next
    if (changed) this.#changed([...next.values()].flatMap(({ pod }) => (pod ? [pod] : [])))
  }

  /** Names that begin with a dot are not manifests (editors' files). */
  #manifests(): string[] {
    const { path, logger } = this.#deps
    try {
      if (statSync(path).isFile()) return [path]
      return readdirSync(path, { withFileTypes: true })
        .filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory())
        .map((entry) => join(path, entry.name))
        .sort()
    } catch (error) {
      logger.warn('Manifests cannot be read', { path, err: error as Error })
      return [...this.#seen.keys()]
    }
  }

  #readOne(path: string): Seen | undefined {
    const { clock, logger, nodeName } = this.#deps
    try {
      const { mtimeMs, size, ino } = statSync(path)
      const stamp = `${mtimeMs}:${size}:${ino}`
      const known = this.#seen.get(path)
      if (known?.stamp === stamp) return known
      const text = readFileSync(path, 'utf8')
      try {
        return { stamp, pod: readStaticPod({ path, text, seenAtMs: clock.now() }, nodeName) }
      } catch (error) {
        logger.error('Manifest gives no pod', { path, err: error as Error })
        // What runs from the last good version goes on until the file is good or gone.
        return { stamp, pod: known?.pod }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      logger.error('Manifest cannot be read', { path, err: error as Error })
      return this.#seen.get(path)
    }
  }
}
