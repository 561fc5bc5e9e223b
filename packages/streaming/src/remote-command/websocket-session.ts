import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable, Writable } from 'node:stream'
import { acceptWebSocket } from '../websocket/accept.ts'
import { WebSocketChannels } from '../websocket/channels.ts'
import { endWritable, TerminalSizeReader } from './session.ts'
import type { RemoteCommandOptions, RemoteCommandSession, TerminalSize } from './session.ts'
import { formatStatus, translated } from './status.ts'
import type { CommandStatus } from './status.ts'

/** Newest first. A client that names none gets the first version. */
const webSocketCommandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const

export async function acceptWebSocketSession(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: RemoteCommandOptions,
): Promise<RemoteCommandSession> {
  const { webSocket, protocol } = await acceptWebSocket(
    request,
    socket,
    head,
    webSocketCommandProtocols,
  )
  const coding = protocol.includes('base64') ? 'base64' : 'binary'
  const channels = new WebSocketChannels(webSocket, coding)
  const session = new WebSocketSession(channels, options, protocol)
  // An empty message on the lowest channel tells the client that it is connected.
  const first = options.stdout ? channel.stdout : options.stderr ? channel.stderr : channel.error
  await channels.send(first, Buffer.alloc(0))
  return session
}

class WebSocketSession implements RemoteCommandSession {
  readonly stdin: Readable | undefined
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  readonly #channels: WebSocketChannels
  readonly #resize: Readable
  readonly #protocol: string
  readonly #sizes = new TerminalSizeReader()

  constructor(channels: WebSocketChannels, options: RemoteCommandOptions, protocol: string) {
    this.#channels = channels
    this.#protocol = protocol
    this.stdin = options.stdin ? channels.reader(channel.stdin) : undefined
    this.stdout = options.stdout ? channels.writer(channel.stdout) : undefined
    this.stderr = options.stderr ? channels.writer(channel.stderr) : undefined
    this.#resize = channels.reader(channel.resize)
  }

  get closed(): Promise<void> {
    return this.#channels.closed
  }

  onResize(listener: (size: TerminalSize) => void): void {
    this.#resize.on('data', (chunk: Buffer) => {
      for (const size of this.#sizes.push(chunk.toString())) listener(size)
    })
  }

  async finish(status: CommandStatus): Promise<void> {
    await Promise.all([endWritable(this.stdout), endWritable(this.stderr)])
    const isJson = /^v[45]\./.test(this.#protocol)
    const told = this.#protocol.startsWith('v5.') ? translated(status) : status
    const text = formatStatus(told, isJson)
    if (text !== '') await this.#channels.send(channel.error, Buffer.from(text))
    this.#channels.close()
  }
}
