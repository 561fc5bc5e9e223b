import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import type { TestClusterOptions, TestProcess } from './test-cluster.ts'

/** One direction between two members: connections that the one makes to the other. */
class Link {
  readonly server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false
  /** Connections that a cut has held up. */
  held = 0

  constructor(target: number) {
    this.server = createServer((socket) => {
      this.#keep(socket)
      if (this.#isCut) return this.#hold(socket)
      const onward = connect({ host: '127.0.0.1', port: target })
      this.#keep(onward)
      socket.pipe(onward)
      onward.pipe(socket)
      socket.on('close', () => onward.destroy())
      onward.on('close', () => socket.destroy())
    })
  }

  /** Nothing gets through any more, and nobody is told. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) this.#hold(socket)
  }

  heal(): void {
    if (!this.#isCut) return
    this.#isCut = false
    // What was under way is lost with its connection.
    this.breakAll()
  }

  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): Promise<void> {
    this.breakAll()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  #hold(socket: Socket): void {
    this.held += 1
    socket.unpipe()
    socket.pause()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

/**
 * Proxies between members that run as processes: each member finds each other one, by name and a hosts file of its own,
 * at an address of 127.0.0.0/8 that belongs to this pair alone. So any direction can be cut.
 */
export class ProxiedLinks {
  readonly #links = new Map<string, Link>()

  /** For TestCluster: members that run behind the proxies. */
  options(t: { teardown(action: () => Promise<void>): void }): TestClusterOptions {
    t.teardown(async () => {
      await Promise.all([...this.#links.values()].map((link) => link.close()))
    })
    return {
      peerUrlOf: ({ name, peerPort }) => `http://${name}:${peerPort}`,
      environmentOf: ({ directory }) => ({ KEMU_HOSTS_FILE: hostsFileOf(directory) }),
      prepare: (members) => this.#start(members),
    }
  }

  /** How often a cut has held something up. */
  get held(): number {
    return [...this.#links.values()].reduce((sum, link) => sum + link.held, 0)
  }

  cut(from: string, to: string): void {
    this.#links.get(`${from}>${to}`)!.cut()
  }

  healAll(): void {
    for (const link of this.#links.values()) link.heal()
  }

  async #start(members: readonly TestProcess[]): Promise<void> {
    for (const [f, from] of members.entries()) {
      const lines = [`127.0.0.1 ${from.name}`]
      for (const [i, to] of members.entries()) {
        if (to === from) continue
        const host = `127.10.${f + 1}.${i + 1}`
        const link = new Link(to.peerPort)
        await new Promise<void>((resolve) => link.server.listen(to.peerPort, host, resolve))
        this.#links.set(`${from.name}>${to.name}`, link)
        lines.push(`${host} ${to.name}`)
      }
      writeFileSync(hostsFileOf(from.directory), `${lines.join('\n')}\n`)
    }
  }
}

function hostsFileOf(directory: string): string {
  return join(directory, '..', `${directory.split('/').at(-1)}.hosts`)
}
