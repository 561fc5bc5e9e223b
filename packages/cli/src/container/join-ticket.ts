import { existsSync, mkdirSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** All that a new worker is told: kubeadm's join command as a file on a volume. */
export interface JoinTicket {
  /** host:port */
  readonly server: string
  readonly token: string
  /** sha256:... of the CA's key. */
  readonly caHash: string
}

const name = 'ticket.json'

export function writeTicket(dir: string, ticket: JoinTicket): void {
  mkdirSync(dir, { recursive: true })
  const draft = join(dir, `.${name}.${process.pid}`)
  writeFileSync(draft, `${JSON.stringify(ticket, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, join(dir, name))
}

export function readTicket(dir: string): JoinTicket | undefined {
  const file = join(dir, name)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as JoinTicket) : undefined
}

/** Waits for the control plane to leave it there. */
export function awaitTicket(dir: string): Promise<JoinTicket> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const ticket = readTicket(dir)
      if (!ticket) return
      watcher.close()
      resolve(ticket)
    }
    const watcher = watch(dir, look)
    watcher.once('error', reject)
    look()
  })
}
