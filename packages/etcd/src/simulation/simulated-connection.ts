import { HpackDecoder } from '@kemu/rpc/http2'
import type { ErrorName, Headers, MessageStream, StreamListener } from '@kemu/rpc/http2'
import type { ClientConnection } from '../grpc/client.ts'
import type { GrpcServer } from '../grpc/server.ts'
import type { Kernel, Owner } from './kernel.ts'
import type { Links } from './links.ts'
import { isRaftMail, withoutProposals } from './raft-mail.ts'

/** One end of a connection: a place on the map, and the program that has it open. */
export interface End {
  readonly place: string
  readonly owner: Owner
}

export interface ConnectionDeps {
  readonly kernel: Kernel
  readonly links: Links
  /** So that small simulated backlogs count as large ones. */
  readonly backlogScale: number
  readonly onBroken: (connection: SimulatedConnection) => void
  /** Raft messages as they are sent. */
  readonly onMail: (from: string, data: Buffer) => void
}

interface Packet {
  readonly readyAtMs: number
  readonly bytes: number
  readonly deliver: () => void
  readonly sender: Side
}

/** How long a cut link is waited out before the connection counts as broken, in ms. */
const brokenAfterMs = 1500
const retryMs = 25

/** Packets in one direction: in order, and none is lost as long as the connection holds. */
class Pipe {
  readonly #deps: ConnectionDeps
  readonly #connection: SimulatedConnection
  readonly #from: End
  readonly #to: End
  readonly #queue: Packet[] = []
  #isPumping = false
  #stuckSinceMs: number | undefined
  bytes = 0

  constructor(deps: ConnectionDeps, connection: SimulatedConnection, from: End, to: End) {
    this.#deps = deps
    this.#connection = connection
    this.#from = from
    this.#to = to
  }

  send(sender: Side, bytes: number, deliver: () => void): void {
    if (!this.#from.owner.isAlive || this.#connection.isBroken) return
    const { kernel, links } = this.#deps
    const last = this.#queue.at(-1)?.readyAtMs ?? 0
    const readyAtMs = Math.max(last, kernel.nowMs + links.delayMs())
    this.#queue.push({ readyAtMs, bytes, deliver, sender })
    this.bytes += bytes
    this.#pump()
  }

  /** Outside of the order: a message that comes late. */
  sendLate(deliver: () => void): void {
    const { kernel, links } = this.#deps
    kernel.schedule(this.#to.owner, links.delayMs() * 30, () => {
      if (!this.#connection.isBroken && !links.isCut(this.#from.place, this.#to.place)) deliver()
    })
  }

  #pump(): void {
    const head = this.#queue[0]
    if (!head || this.#isPumping) return
    this.#isPumping = true
    const { kernel } = this.#deps
    const wait = (ms: number): void => {
      kernel.schedule(this.#to.owner, ms, () => {
        if (this.#connection.isBroken) return
        if (this.#isStuck()) return wait(retryMs)
        this.#isPumping = false
        this.#deliver()
      })
    }
    wait(head.readyAtMs - kernel.nowMs)
  }

  #isStuck(): boolean {
    const { kernel, links } = this.#deps
    if (!links.isCut(this.#from.place, this.#to.place)) {
      this.#stuckSinceMs = undefined
      return false
    }
    links.faults += 1
    this.#stuckSinceMs ??= kernel.nowMs
    if (kernel.nowMs - this.#stuckSinceMs > brokenAfterMs) this.#connection.break()
    return true
  }

  #deliver(): void {
    const packet = this.#queue.shift()!
    this.bytes -= packet.bytes
    packet.deliver()
    if (this.bytes === 0 && packet.bytes > 0) packet.sender.drained()
    this.#pump()
  }
}

/** One side of a stream; what is written comes out at the other. */
class Side implements MessageStream {
  listener: StreamListener | undefined
  other!: Side
  readonly #pipe: Pipe
  readonly #connection: SimulatedConnection
  readonly #path: () => string
  readonly at: End
  #isEnded = false
  #isGone = false

  constructor(connection: SimulatedConnection, pipe: Pipe, end: End, path: () => string) {
    this.#connection = connection
    this.#pipe = pipe
    this.at = end
    this.#path = path
  }

  get backlogBytes(): number {
    return this.#pipe.bytes * this.#connection.deps.backlogScale
  }

  writeHeaders(block: Buffer, isLast: boolean): void {
    if (this.#isEnded || this.#isGone) return
    this.#isEnded = isLast
    const headers = new HpackDecoder().decode(block)
    this.#pipe.send(this, block.length, () => {
      if (this.other.#isGone) return
      this.other.listener?.onHeaders?.(headers)
      if (isLast) this.other.#finish()
    })
  }

  writeData(bytes: Buffer): void {
    if (this.#isEnded || this.#isGone) return
    const copy = Buffer.from(bytes)
    const deliver = (data: Buffer) => (): void => {
      if (!this.other.#isGone) this.other.listener?.onData(data)
    }
    if (isRaftMail(this.#path())) {
      this.#connection.deps.onMail(this.at.place, copy)
      const { links } = this.#connection.deps
      const { loss, duplicate, reorder } = links.mischief
      if (links.happens(loss)) return
      if (links.happens(duplicate)) this.#pipe.sendLate(deliver(withoutProposals(copy)))
      if (links.happens(reorder)) return this.#pipe.sendLate(deliver(copy))
    }
    this.#pipe.send(this, copy.length, deliver(copy))
  }

  end(): void {
    if (this.#isEnded || this.#isGone) return
    this.#isEnded = true
    this.#pipe.send(this, 0, () => {
      if (!this.other.#isGone) this.other.listener?.onEnd()
    })
  }

  reset(_code: ErrorName): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#connection.forget(this)
    this.#pipe.send(this, 0, () => this.other.abort())
  }

  drained(): void {
    if (!this.#isGone) this.listener?.onDrain()
  }

  abort(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#connection.forget(this)
    this.listener?.onAbort()
  }

  /** The server has answered. */
  #finish(): void {
    this.#isGone = true
    this.#connection.forget(this)
    this.other.#isGone = true
    this.#connection.forget(this.other)
    this.listener?.onEnd()
  }
}

/** A connection from a client to a server, for calls side by side. */
export class SimulatedConnection {
  readonly deps: ConnectionDeps
  readonly client: End
  readonly server: End
  readonly #up: Pipe
  readonly #down: Pipe
  readonly #sides = new Set<Side>()
  readonly #closeListeners: (() => void)[] = []
  isBroken = false

  constructor(deps: ConnectionDeps, client: End, server: End) {
    this.deps = deps
    this.client = client
    this.server = server
    this.#up = new Pipe(deps, this, client, server)
    this.#down = new Pipe(deps, this, server, client)
  }

  /** What the client's program sees. */
  forClient(grpc: GrpcServer): ClientConnection {
    return {
      open: (block, listener) => this.#open(grpc, block, listener),
      flush: () => {},
      onClose: (listener) => {
        this.#closeListeners.push(listener)
        if (this.isBroken) this.deps.kernel.schedule(this.client.owner, 0, listener)
      },
      destroy: () => this.break(),
    }
  }

  forget(side: Side): void {
    this.#sides.delete(side)
  }

  /** Both ends learn of it, each when its turn comes. */
  break(): void {
    if (this.isBroken) return
    this.isBroken = true
    const { kernel, onBroken } = this.deps
    onBroken(this)
    const sides = [...this.#sides]
    for (const end of [this.client, this.server]) {
      kernel.schedule(end.owner, 0.05, () => {
        for (const side of sides) if (side.at === end) side.abort()
        if (end === this.client) for (const listener of this.#closeListeners) listener()
      })
    }
  }

  #open(grpc: GrpcServer, block: Buffer, listener: StreamListener): MessageStream {
    const headers: Headers = new HpackDecoder().decode(block)
    const path = (): string => headers[':path'] ?? ''
    const client = new Side(this, this.#up, this.client, path)
    const server = new Side(this, this.#down, this.server, () => '')
    client.other = server
    server.other = client
    client.listener = listener
    this.#sides.add(client)
    this.#sides.add(server)
    if (this.isBroken) this.deps.kernel.schedule(this.client.owner, 0, () => client.abort())
    this.#up.send(client, block.length, () =>
      grpc.accept(server, headers, { commonName: undefined }),
    )
    return client
  }
}
