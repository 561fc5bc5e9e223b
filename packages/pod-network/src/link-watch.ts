import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Clock, Logger, Timer } from '@kemu/base'
import { routeProtocol } from './kernel-state.ts'

export interface LinkWatchDeps {
  readonly clock: Clock
  readonly logger: Logger
}

/** What is worth a look at the kernel: these devices and addresses, and every route of ours that is deleted. */
export interface Concern {
  readonly devices: readonly string[]
  readonly address: string
}

const againMs = 1000

/**
 * Tells when somebody else changed what we laid: a device that went takes its routes with it, without the kernel's
 * telling of each (`docker network disconnect` does that). One `ip monitor` for the life of the process; pods' own
 * devices and routes come by in it and are not looked at.
 */
export class LinkWatch {
  readonly #deps: LinkWatchDeps
  readonly #onChange: () => void
  #concern: Concern = { devices: [], address: '' }
  #child: ChildProcess | undefined
  #timer: Timer | undefined
  #closed = false

  constructor(deps: LinkWatchDeps, onChange: () => void) {
    this.#deps = deps
    this.#onChange = onChange
  }

  /** Starts at the first call; later ones change what is looked for. */
  watch(concern: Concern): void {
    this.#concern = concern
    if (!this.#child && !this.#timer) this.#start()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#child?.kill('SIGKILL')
  }

  #start(): void {
    this.#timer = undefined
    const words = ['-oneline', 'monitor', 'link', 'address', 'route']
    const child = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (concerns(line, this.#concern)) this.#onChange()
    })
    child.on('error', (err) => this.#deps.logger.error('Cannot watch links', { err }))
    child.on('close', () => this.#again())
  }

  /** What happened meanwhile was not seen: look once. */
  #again(): void {
    if (this.#closed) return
    this.#child = undefined
    this.#timer = this.#deps.clock.setTimer(againMs, () => {
      this.#start()
      this.#onChange()
    })
  }
}

/** Whether a line of `ip -oneline monitor` is about them. */
export function concerns(line: string, { devices, address }: Concern): boolean {
  if (line.startsWith('Deleted') && new RegExp(`\\bproto ${routeProtocol}\\b`).test(line))
    return true
  // `2: eth0@if3: <...>` for a link, `2: eth0    inet 172.18.0.10/16 ...` for an address.
  const match = /^(?:Deleted )?\d+: ([^:@\s]+)/.exec(line)
  if (!match) return false
  return devices.includes(match[1]!) || (address !== '' && line.includes(` ${address}/`))
}
