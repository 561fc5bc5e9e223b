import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A container's log folder, written as the container runtime and the kubelet write it. */
export class ContainerLog {
  readonly pod: string
  readonly container: string
  readonly dir: string
  /** Every whole line, in order. */
  readonly written: string[] = []
  #restarts = 0
  #rotations = 0
  #aside: string | undefined
  #torn = ''

  constructor(root: string, pod: string, container: string) {
    this.pod = pod
    this.container = container
    this.dir = join(root, 'pods', `default_${pod}_uid-${pod}`, container)
    mkdirSync(this.dir, { recursive: true })
  }

  /** Appends whole lines. */
  write(count: number): void {
    for (let i = 0; i < count; i += 1) {
      this.tear()
      this.#mend()
    }
  }

  /** Writes the first part of a line; the next `write` ends it first. */
  tear(): void {
    if (this.#torn !== '') this.#mend()
    const text = `${this.container} ${this.written.length}`
    appendFileSync(this.#path, `${this.#stamp()} stdout F ${text.slice(0, 3)}`)
    this.#torn = text
  }

  /** The container starts again: another file. A torn line has its end before. */
  restart(): void {
    if (this.#torn !== '') this.#mend()
    this.#restarts += 1
    this.#aside = undefined
  }

  /** The kubelet's rotation: what was put aside before is compressed, the log is renamed. */
  rotate(): void {
    if (this.#torn !== '') this.#mend()
    if (this.#aside !== undefined) {
      writeFileSync(`${this.#aside}.tmp`, gzipSync(readFileSync(this.#aside)))
      renameSync(`${this.#aside}.tmp`, `${this.#aside}.gz`)
      rmSync(this.#aside)
    }
    this.#rotations += 1
    writeFileSync(this.#path, '', { flag: 'a' })
    this.#aside = `${this.#path}.20261121-${String(this.#rotations).padStart(6, '0')}`
    renameSync(this.#path, this.#aside)
    writeFileSync(this.#path, '')
  }

  /** The pod is deleted. */
  remove(): void {
    rmSync(dirname(this.dir), { recursive: true })
  }

  get #path(): string {
    return join(this.dir, `${this.#restarts}.log`)
  }

  #mend(): void {
    appendFileSync(this.#path, `${this.#torn.slice(3)}\n`)
    this.written.push(this.#torn)
    this.#torn = ''
  }

  #stamp(): string {
    const nanoseconds = String(this.written.length).padStart(9, '0')
    return `2026-11-21T22:00:00.${nanoseconds}Z`
  }
}
