import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { sleep } from '@kemu/base'
import type { Clock } from '@kemu/base'
import {
  acceptSpdy,
  chooseProtocol,
  offeredProtocols,
  protocolHeader,
  refuseUpgrade,
} from '../handshake.ts'
import { SpdyConnection } from '../spdy/connection.ts'
import type { SpdyStream } from '../spdy/stream.ts'
import { endWritable, TerminalSizeReader } from './session.ts'
import type { RemoteCommandOptions, RemoteCommandSession, TerminalSize } from './session.ts'
import { formatStatus } from './status.ts'
import type { CommandStatus } from './status.ts'

/** Newest first; the first version has no name before its suffix. */
const spdyCommandProtocols = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const

/** DefaultStreamCreationTimeout: how long a client may take to open its streams. */
const streamCreationMs = 30_000

const streamTypes = ['error', 'stdin', 'stdout', 'stderr', 'resize'] as const
type StreamType = (typeof streamTypes)[number]

/** Upgrades to SPDY and waits for the streams; undefined when the client was refused or left. */
export async function acceptSpdySession(
  request: IncomingMessage,
  socket: Duplex,
  options: RemoteCommandOptions,
  clock: Clock,
): Promise<RemoteCommandSession | undefined> {
  const offered = offeredProtocols(request, protocolHeader)
  const protocol = chooseProtocol(offered, spdyCommandProtocols)
  if (protocol === undefined) {
    const why =
      offered.length === 0
        ? 'unable to upgrade: header X-Stream-Protocol-Version does not exist in request'
        : `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], ` +
          `server accepts [${spdyCommandProtocols.join(' ')}]`
    refuseUpgrade(socket, offered.length === 0 ? 400 : 403, `${why}\n`)
    return undefined
  }
  acceptSpdy(socket, protocol)
  const wanted = wantedStreams(options, protocol)
  const streams = new Map<StreamType, SpdyStream>()
  let complete: () => void = () => undefined
  const all = new Promise<boolean>((resolve) => {
    complete = () => resolve(true)
  })
  const connection = new SpdyConnection(socket, {
    role: 'server',
    onStream: (stream) => {
      const type = streamTypes.find((name) => name === stream.headers['streamtype'])
      if (type === undefined) return `unexpected stream type: ${stream.headers['streamtype']}`
      streams.set(type, stream)
      if (wanted.every((name) => streams.has(name))) complete()
      return undefined
    },
  })
  const cancel = new AbortController()
  const late = sleep(clock, streamCreationMs, cancel.signal).then(() => false)
  const isComplete = await Promise.race([all, late, connection.closed.then(() => false)])
  cancel.abort()
  if (isComplete) return new SpdySession(connection, streams, protocol)
  connection.close()
  return undefined
}

function wantedStreams(options: RemoteCommandOptions, protocol: string): StreamType[] {
  const canResize = protocol === 'v4.channel.k8s.io' || protocol === 'v3.channel.k8s.io'
  return [
    'error',
    ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => options[name]),
    ...(options.tty && canResize ? (['resize'] as const) : []),
  ]
}

class SpdySession implements RemoteCommandSession {
  readonly #connection: SpdyConnection
  readonly #streams: ReadonlyMap<StreamType, SpdyStream>
  readonly #isJson: boolean
  readonly #sizes = new TerminalSizeReader()

  constructor(
    connection: SpdyConnection,
    streams: ReadonlyMap<StreamType, SpdyStream>,
    protocol: string,
  ) {
    this.#connection = connection
    this.#streams = streams
    this.#isJson = protocol === 'v4.channel.k8s.io'
  }

  get stdin(): SpdyStream | undefined {
    return this.#streams.get('stdin')
  }

  get stdout(): SpdyStream | undefined {
    return this.#streams.get('stdout')
  }

  get stderr(): SpdyStream | undefined {
    return this.#streams.get('stderr')
  }

  get closed(): Promise<void> {
    return this.#connection.closed
  }

  onResize(listener: (size: TerminalSize) => void): void {
    this.#streams.get('resize')?.on('data', (chunk: Buffer) => {
      for (const size of this.#sizes.push(chunk.toString())) listener(size)
    })
  }

  async finish(status: CommandStatus): Promise<void> {
    await Promise.all([endWritable(this.stdout), endWritable(this.stderr)])
    const error = this.#streams.get('error')
    const text = formatStatus(status, this.#isJson)
    if (text !== '' && error && !error.destroyed) error.write(text)
    await endWritable(error)
    this.#connection.close()
  }
}
