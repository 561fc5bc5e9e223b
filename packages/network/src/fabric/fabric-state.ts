import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Written {
  readonly holder: number
  readonly fabric: number
  readonly holderStart?: string
  readonly fabricStart?: string
  readonly ready?: boolean
}

/** Which processes make up a fabric, in its directory; pids count only with their start time. */
export class FabricState {
  readonly #file: string

  constructor(dir: string) {
    this.#file = join(dir, 'fabric.json')
  }

  /** The process that keeps the network namespace, if it lives. */
  holder(): number | undefined {
    const { holder, holderStart } = this.#read()
    return holder !== undefined && startTicks(holder) === holderStart ? holder : undefined
  }

  /** The fabric's own process, if it lives; undefined also before it is ready. */
  fabric(): number | undefined {
    const { fabric, fabricStart, ready } = this.#read()
    return ready && fabric !== undefined && startTicks(fabric) === fabricStart ? fabric : undefined
  }

  write(pids: { holder: number; fabric: number }): void {
    const started = { holderStart: startTicks(pids.holder), fabricStart: startTicks(pids.fabric) }
    writeFileSync(this.#file, JSON.stringify({ ...pids, ...started }))
  }

  markReady(): void {
    writeFileSync(this.#file, JSON.stringify({ ...this.#read(), ready: true }))
  }

  remove(): void {
    rmSync(this.#file, { force: true })
  }

  #read(): Partial<Written> {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Written
    } catch {
      return {}
    }
  }
}

function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
