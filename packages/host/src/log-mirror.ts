import { closeSync, existsSync, openSync, readdirSync, readSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { basename, join } from 'node:path'

/** Pods whose words are the cluster's own; what people's pods say is asked for with kubectl logs. */
const componentPods = /^kube-(system|network|logs)_/

/**
 * Copies what the host's components write to their log files to one stream, a line at a time with the component's name
 * in front: the log of a container engine. It begins with what is written after its start, and never polls.
 */
export class LogMirror {
  readonly #logDir: string
  readonly #write: (line: string) => void
  readonly #watched = new Map<string, FSWatcher>()
  readonly #tails = new Map<string, Tail>()

  constructor(logDir: string, write: (line: string) => void) {
    this.#logDir = logDir
    this.#write = write
  }

  start(): void {
    this.#watch(this.#logDir, (name) => {
      if (name === 'pods') this.#followPods('start')
      else this.#follow(join(this.#logDir, name), componentOf(name), plainText, 'start')
    })
    for (const name of readdirSync(this.#logDir)) {
      this.#follow(join(this.#logDir, name), componentOf(name), plainText, 'end')
    }
    this.#followPods('end')
  }

  close(): void {
    for (const watcher of this.#watched.values()) watcher.close()
    for (const tail of this.#tails.values()) tail.close()
  }

  /** /var/log/pods/<namespace>_<pod>_<uid>/<container>/<n>.log; a directory that comes later is read from its start. */
  #followPods(from: 'start' | 'end'): void {
    const pods = join(this.#logDir, 'pods')
    this.#entries(pods, from, (pod, podFrom) => {
      if (!componentPods.test(basename(pod))) return
      this.#entries(pod, podFrom, (container, containerFrom) => {
        this.#entries(container, containerFrom, (file, fileFrom) => {
          if (/\/\d+\.log$/.test(file)) this.#follow(file, basename(container), criText, fileFrom)
        })
      })
    })
  }

  /** Calls for what is in a directory, and again for what changes in it. */
  #entries(
    dir: string,
    from: 'start' | 'end',
    onEntry: (path: string, from: 'start' | 'end') => void,
  ): void {
    if (this.#watched.has(dir) || !isDirectory(dir)) return
    this.#watch(dir, (name) => {
      if (existsSync(join(dir, name))) onEntry(join(dir, name), 'start')
      else this.#forget(join(dir, name))
    })
    for (const name of readdirSync(dir)) onEntry(join(dir, name), from)
  }

  #follow(
    path: string,
    component: string | undefined,
    textOf: TextOf,
    from: 'start' | 'end',
  ): void {
    if (component === undefined) return
    const tail = this.#tails.get(path) ?? Tail.open(path, from)
    if (!tail) return
    this.#tails.set(path, tail)
    for (const line of tail.read()) this.#write(`${component}: ${textOf(line)}\n`)
  }

  #watch(dir: string, onChange: (name: string) => void): void {
    const watcher = watch(dir, (_event, name) => {
      if (name !== null) onChange(name)
    })
    watcher.on('error', () => this.#forget(dir))
    this.#watched.set(dir, watcher)
  }

  #forget(path: string): void {
    for (const [dir, watcher] of this.#watched) {
      if (dir !== path && !dir.startsWith(`${path}/`)) continue
      watcher.close()
      this.#watched.delete(dir)
    }
    for (const [file, tail] of this.#tails) {
      if (file !== path && !file.startsWith(`${path}/`)) continue
      tail.close()
      this.#tails.delete(file)
    }
  }
}

type TextOf = (line: string) => string

const plainText: TextOf = (line) => line

/** `2026-11-21T10:00:00.000000000Z stdout F text` */
const criText: TextOf = (line) => line.split(' ').slice(3).join(' ')

function componentOf(name: string): string | undefined {
  return name.endsWith('.log') ? name.slice(0, -'.log'.length) : undefined
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** A file that grows. */
class Tail {
  readonly #fd: number
  #position: number
  #rest = ''

  private constructor(fd: number, position: number) {
    this.#fd = fd
    this.#position = position
  }

  static open(path: string, from: 'start' | 'end'): Tail | undefined {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isFile()) return undefined
    return new Tail(openSync(path, 'r'), from === 'start' ? 0 : stat.size)
  }

  /** The whole lines since the last call. */
  read(): string[] {
    const chunk = Buffer.alloc(64 * 1024)
    const parts: Buffer[] = []
    for (;;) {
      const length = readSync(this.#fd, chunk, 0, chunk.length, this.#position)
      if (length === 0) break
      this.#position += length
      parts.push(Buffer.from(chunk.subarray(0, length)))
    }
    const lines = (this.#rest + Buffer.concat(parts).toString()).split('\n')
    this.#rest = lines.pop()!
    return lines
  }

  close(): void {
    closeSync(this.#fd)
  }
}
