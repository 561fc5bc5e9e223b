import { existsSync, readdirSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Logger } from '@kemu/base'
import { LogFile } from './log-file.ts'
import { placeInContainerFolder, placeOfComponent, podOfFolder } from './log-place.ts'
import type { LogPlace } from './log-place.ts'
import type { OpenFiles } from './shipper.ts'
import { unpackLog } from './unpack-log.ts'

export interface LogTreeDeps {
  readonly logger: Logger
  /** Called for a file that may have new lines. */
  readonly onChange: (file: LogFile) => void
}

/**
 * The log files of a host: `*.log` in its log folder, and `pods/<pod>/<container>/` below it. Folders are watched; a
 * file is found by its inode again when it is renamed, and kept open until it is removed and shipped.
 */
export class LogTree implements OpenFiles {
  readonly #root: string
  readonly #host: string
  readonly #deps: LogTreeDeps
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #byInode = new Map<bigint, LogFile>()
  readonly #byPath = new Map<string, LogFile>()
  /** Compressed logs of which nothing is to be done any more. */
  readonly #unpacked = new Set<string>()
  /** By folder and id: how long files were that are in the store to their end. It may still lose them. */
  readonly #finished = new Map<string, Map<string, number>>()
  /** Unpacked copies; they have no name. */
  readonly #copies = new Set<LogFile>()
  /** Folders with compressed logs that are not unpacked yet, and how many. */
  readonly #waiting = new Map<string, number>()
  /** One is unpacked at a time. */
  #unpacking: Promise<void> = Promise.resolve()
  #saidUnwatched = false
  #closed = false

  constructor(root: string, host: string, deps: LogTreeDeps) {
    this.#root = root
    this.#host = host
    this.#deps = deps
  }

  /** Looks everywhere; also what the watches missed is found, and every file is offered again. */
  scan(): void {
    this.#scanComponents()
    this.#scanPods()
    for (const file of this.files()) this.#deps.onChange(file)
  }

  *files(): Iterable<LogFile> {
    yield* this.#byInode.values()
    yield* this.#copies
  }

  finished(file: LogFile): void {
    this.#noteFinished(file)
    for (const [path, known] of this.#byPath) if (known === file) this.#byPath.delete(path)
    for (const [inode, known] of this.#byInode) if (known === file) this.#byInode.delete(inode)
    this.#copies.delete(file)
    file.close()
  }

  reopen(positions: ReadonlyMap<string, number>): void {
    let isLess = false
    for (const [folder, lengths] of this.#finished) {
      if ([...lengths].every(([id, bytes]) => (positions.get(id) ?? 0) >= bytes)) continue
      this.#forgetUnpacked(join(this.#podsDir, folder))
      isLess = true
    }
    if (isLess) this.scan()
  }

  mustWait(file: LogFile): boolean {
    return !this.#copies.has(file) && this.#waiting.has(file.place.folder)
  }

  /** Ids begin with the container's folder; those of components stay. */
  isGone(id: string): boolean {
    const [pod, container, hash] = id.split('/')
    if (pod === undefined || container === undefined || hash === undefined) return false
    if (existsSync(join(this.#podsDir, pod, container))) return false
    return ![...this.files()].some((file) => file.place.folder === `${pod}/${container}`)
  }

  close(): void {
    this.#closed = true
    for (const watcher of this.#watchers.values()) watcher.close()
    for (const file of this.#byInode.values()) file.close()
    this.#closeCopies()
  }

  get #podsDir(): string {
    return join(this.#root, 'pods')
  }

  #noteFinished({ id, place, acknowledged }: LogFile): void {
    if (id === undefined) return
    const lengths = this.#finished.get(place.folder) ?? new Map<string, number>()
    lengths.set(id, acknowledged)
    // The oldest are those whose compressed copies were deleted since.
    const copies = countCompressed(join(this.#podsDir, place.folder))
    for (const oldest of lengths.keys()) if (lengths.size > copies) lengths.delete(oldest)
    if (lengths.size > 0) this.#finished.set(place.folder, lengths)
    else this.#finished.delete(place.folder)
  }

  /** How much of a file was in the store once, under whatever name it was read. */
  #acknowledgedOf({ id, place }: LogFile): number {
    const same = [...this.files()].filter((file) => file.id === id)
    const finished = this.#finished.get(place.folder)?.get(id ?? '') ?? 0
    return Math.max(finished, ...same.map(({ acknowledged }) => acknowledged))
  }

  #forgetUnpacked(dir: string): void {
    for (const path of this.#unpacked) if (dirname(path) === dir) this.#unpacked.delete(path)
  }

  #scanComponents(): void {
    const names = this.#list(this.#root, (name) => {
      if (name === 'pods') this.#scanPods()
      else this.#scanComponents()
    })
    for (const name of names) {
      const place = placeOfComponent(join(this.#root, name), this.#host)
      if (place) this.#find(place)
    }
  }

  #scanPods(): void {
    for (const name of this.#list(this.#podsDir, () => this.#scanPods())) {
      const dir = join(this.#podsDir, name)
      if (podOfFolder(dir)) this.#scanPod(dir)
    }
  }

  #scanPod(dir: string): void {
    for (const name of this.#list(dir, () => this.#scanPod(dir)))
      this.#scanContainer(dir, join(dir, name))
  }

  #scanContainer(podDir: string, dir: string): void {
    const names = this.#list(dir, () => this.#scanContainer(podDir, dir))
    for (const name of names) {
      const path = join(dir, name)
      const place = placeInContainerFolder(path, podOfFolder(podDir)!, podDir, basename(dir))
      if (!place) continue
      if (place.compressed) this.#findCompressed(place)
      else this.#find(place)
    }
  }

  #find(place: LogPlace): void {
    const stat = statSync(place.path, { throwIfNoEntry: false, bigint: true })
    if (!stat?.isFile()) return
    const known = this.#byInode.get(stat.ino)
    if (known) {
      this.#byPath.set(place.path, known)
      return
    }
    const file = this.#openFile(place)
    if (!file) return
    this.#byInode.set(file.inode, file)
    this.#byPath.set(place.path, file)
    this.#deps.onChange(file)
  }

  #openFile(place: LogPlace): LogFile | undefined {
    try {
      return new LogFile(place, this.#host)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#deps.logger.warn('Cannot read log', { path: place.path, err: error })
      return undefined
    }
  }

  /** What was followed before it was compressed needs no second look. */
  #findCompressed(place: LogPlace): void {
    const { path } = place
    if (this.#unpacked.has(path)) return
    this.#unpacked.add(path)
    if (this.#byPath.has(path.replace(/\.gz$/, ''))) return
    this.#waiting.set(place.folder, (this.#waiting.get(place.folder) ?? 0) + 1)
    this.#unpacking = this.#unpacking.then(() => this.#unpack(place))
  }

  async #unpack(place: LogPlace): Promise<void> {
    if (this.#closed) return
    try {
      const file = new LogFile(place, this.#host, await unpackLog(place.path))
      // What was shipped of it once comes again with a mark.
      file.moveTo(this.#acknowledgedOf(file))
      this.#copies.add(file)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT')
        this.#deps.logger.warn('Cannot unpack log', { path: place.path, err: error })
    }
    if (this.#closed) return this.#closeCopies()
    const left = this.#waiting.get(place.folder)! - 1
    if (left > 0) return void this.#waiting.set(place.folder, left)
    this.#waiting.delete(place.folder)
    for (const file of this.files()) {
      if (file.place.folder === place.folder) this.#deps.onChange(file)
    }
  }

  #closeCopies(): void {
    for (const file of this.#copies) file.close()
    this.#copies.clear()
  }

  /** The names in a folder, which is watched from now on; none when it is gone. */
  #list(dir: string, rescan: (name: string) => void): string[] {
    try {
      this.#watch(dir, rescan)
      return readdirSync(dir)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        this.#deps.logger.warn('Cannot read folder', { dir, err: error })
      this.#unwatch(dir)
      this.#forgetUnpacked(dir)
      return []
    }
  }

  #watch(dir: string, rescan: (name: string) => void): void {
    if (this.#watchers.has(dir) || this.#closed) return
    try {
      const watcher = watch(dir, (event, name) => {
        const file = name === null ? undefined : this.#byPath.get(join(dir, name))
        if (event === 'change' && file) this.#deps.onChange(file)
        else this.#changed(dir, name, rescan)
      })
      watcher.on('error', () => this.#unwatch(dir))
      this.#watchers.set(dir, watcher)
    } catch (error) {
      this.#cannotWatch(dir, error as NodeJS.ErrnoException)
    }
  }

  /** The machine's limit of watches is reached: said once, and the periodic look has to do. */
  #cannotWatch(dir: string, error: NodeJS.ErrnoException): void {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || this.#saidUnwatched) return
    this.#saidUnwatched = true
    this.#deps.logger.warn('Cannot watch folder; it is looked at every 10 s', { dir, err: error })
  }

  #changed(dir: string, name: string | null, rescan: (name: string) => void): void {
    // Whatever was called so may have been renamed or removed: its last lines, and its end.
    const file = name === null ? undefined : this.#byPath.get(join(dir, name))
    if (file) this.#deps.onChange(file)
    rescan(name ?? '')
    if (!existsSync(dir)) this.#unwatch(dir)
  }

  #unwatch(dir: string): void {
    this.#watchers.get(dir)?.close()
    this.#watchers.delete(dir)
  }
}

function countCompressed(dir: string): number {
  try {
    return readdirSync(dir).filter((name) => name.endsWith('.gz')).length
  } catch {
    return 0 // The pod is gone.
  }
}
