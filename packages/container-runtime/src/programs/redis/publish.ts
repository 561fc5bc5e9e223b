import type { Socket } from 'node:net'
import { bulk, encodeReply, integer } from './reply.ts'
import type { Reply } from './reply.ts'

/** Channels and who listens to them. */
export class Publisher {
  readonly #channels = new Map<string, Set<Socket>>()

  subscribe(socket: Socket, channels: readonly string[]): void {
    for (const channel of channels) {
      const sockets = this.#channels.get(channel) ?? new Set()
      sockets.add(socket)
      this.#channels.set(channel, sockets)
      send(socket, [bulk('subscribe'), bulk(channel), integer(this.#countOf(socket))])
    }
  }

  unsubscribe(socket: Socket, channels: readonly string[]): void {
    const mine = [...this.#channels].filter(([, sockets]) => sockets.has(socket))
    const left = channels.length > 0 ? channels : mine.map(([channel]) => channel)
    for (const channel of left) {
      this.#channels.get(channel)?.delete(socket)
      send(socket, [bulk('unsubscribe'), bulk(channel), integer(this.#countOf(socket))])
    }
  }

  publish(channel: string, text: string): number {
    const sockets = this.#channels.get(channel) ?? new Set()
    for (const socket of sockets) send(socket, [bulk('message'), bulk(channel), bulk(text)])
    return sockets.size
  }

  forget(socket: Socket): void {
    for (const sockets of this.#channels.values()) sockets.delete(socket)
  }

  #countOf(socket: Socket): number {
    return [...this.#channels.values()].filter((sockets) => sockets.has(socket)).length
  }
}

function send(socket: Socket, items: readonly Reply[]): void {
  socket.write(encodeReply({ kind: 'array', items }), 'latin1')
}
