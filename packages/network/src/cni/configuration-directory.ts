import { mkdirSync, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import type { Logger } from '@kemu/base'
import { parseNetworkList, parseSinglePlugin } from './network-list.ts'
import type { NetworkList } from './network-list.ts'

/**
 * The network that a runtime's directory of configurations (/etc/cni/net.d) names: the lexically first file ending in
 * .conf, .conflist or .json decides, as in containerd with max_conf_num 1. It is read again when the directory changes.
 */
export class ConfigurationDirectory {
  readonly path: string
  readonly #logger: Logger
  readonly #onChange: (list: NetworkList | undefined) => void
  #watcher: FSWatcher | undefined
  /** Of the directory that is watched; undefined while there is none. */
  #identity: string | undefined
  #closed = false
  #list: NetworkList | undefined
  #failure: string | undefined
  /** What was read last; undefined before the first load. */
  #read: string | undefined

  /** @param onChange called with the new network, also at the first load */
  constructor(
    path: string,
    deps: { readonly logger: Logger; readonly onChange: (list: NetworkList | undefined) => void },
  ) {
    this.path = path
    this.#logger = deps.logger
    this.#onChange = deps.onChange
  }

  /** Undefined while there is none that can be used. */
  get list(): NetworkList | undefined {
    return this.#list
  }

  /** Why the last load gave no network; undefined after a good one. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Makes the directory where it is missing, loads, and follows its changes until closed. */
  start(): void {
    // Readable by everybody: plugins keep lists of what they allow there (containerd's modes).
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o755 })
    mkdirSync(this.path, { recursive: true, mode: 0o755 })
    this.load()
  }

  /** Looks at the directory now: somebody may ask before the kernel's notice is read. */
  load(): void {
    this.#follow()
    const text = this.#firstFile()
    const seen = text === undefined ? '' : `${text.file}\n${text.source}`
    if (seen === this.#read) return
    this.#read = seen
    this.#list = undefined
    this.#failure = undefined
    if (text === undefined)
      this.#failure = `cni config load failed: no network config found in ${this.path}: cni plugin not initialized: failed to load cni config`
    else this.#parse(text.file, text.source)
    this.#onChange(this.#list)
  }

  close(): void {
    this.#closed = true
    this.#watcher?.close()
  }

  /** A directory that was removed takes the kernel's watch with it; one that is made again gets a new one. */
  #follow(): void {
    if (this.#closed) return
    const stat = statSync(this.path, { throwIfNoEntry: false })
    const identity = stat && `${stat.ino}:${stat.birthtimeMs}`
    if (identity === this.#identity) return
    this.#identity = identity
    this.#watcher?.close()
    if (identity === undefined) return
    this.#watcher = watch(this.path, () => this.load())
    this.#watcher.on('error', (err) =>
      this.#logger.error('Cannot follow the CNI directory', { err }),
    )
    this.#watcher.unref()
  }

  #parse(file: string, source: string): void {
    try {
      this.#list = file.endsWith('.conflist') ? parseNetworkList(source) : parseSinglePlugin(source)
      this.#logger.info('Loaded CNI configuration', { file, network: this.#list.name })
    } catch (error) {
      const what = file.endsWith('.conflist') ? 'config list file' : 'config file'
      this.#failure = `cni config load failed: failed to load CNI ${what} ${file}: ${(error as Error).message}: invalid cni config: failed to load cni config`
      this.#logger.error('Cannot load CNI configuration', { file, err: error as Error })
    }
  }

  #firstFile(): { file: string; source: string } | undefined {
    if (this.#identity === undefined) return undefined
    const [name] = readdirSync(this.path)
      .filter((each) => ['.conf', '.conflist', '.json'].includes(extname(each)))
      .sort()
    if (name === undefined) return undefined
    const file = join(this.path, name)
    try {
      return { file, source: readFileSync(file, 'utf8') }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined // gone meanwhile
      throw error
    }
  }
}
