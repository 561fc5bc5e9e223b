import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock, Logger, Random } from '@kemu/base'
import { RpcError, status } from '@kemu/rpc'
import type { AttachRequest, ExecRequest } from '@kemu/rpc/cri'
import { acceptRemoteCommand, refuseUpgrade, servePortForward } from '@kemu/streaming'
import type { RemoteCommandOptions, RemoteCommandSession } from '@kemu/streaming'
import type { ContainerHandler, ExecProcess } from '../handler/handler.ts'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import { serveAttach, serveExec } from './command-session.ts'
import { SessionTokens, TooManySessions } from './session-tokens.ts'

/** Serves an upgraded connection to its end. */
type Serve = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>

interface Session {
  readonly verb: 'exec' | 'attach' | 'portforward'
  readonly serve: Serve
}

export interface StreamingServerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly handlerOf: (sandboxId: string) => ContainerHandler
}

/**
 * Exec, attach and port-forward sessions: CRI hands out a URL with a token that opens the session once. Whoever has the
 * token has the session, so the kubelet is its only reader.
 */
export class StreamingServer {
  readonly #deps: StreamingServerDeps
  readonly #tokens: SessionTokens<Session>
  readonly #server: Server
  readonly #sockets = new Set<Duplex>()
  #base = ''

  constructor(deps: StreamingServerDeps) {
    this.#deps = deps
    this.#tokens = new SessionTokens(deps.clock, deps.random)
    this.#server = createServer((_request, response) => {
      response.writeHead(404).end('404 page not found\n')
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#onUpgrade(request, socket, head)
    })
  }

  /** `host:port`; port 0 takes a free one. */
  async listen(address: string): Promise<void> {
    const at = address.lastIndexOf(':')
    const host = address.slice(0, at)
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port: Number(address.slice(at + 1)) }, resolve)
    })
    this.#base = `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#tokens.close()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  exec(record: ContainerRecord, request: ExecRequest): string {
    const { cmd: command, tty, stdin } = request
    checkStreams(request)
    const handler = this.#deps.handlerOf(record.sandboxId)
    const start = (): Promise<ExecProcess> => handler.exec(record, { command, tty, stdin })
    return this.#url(
      'exec',
      this.#command(request, (session) => serveExec(session, this.#deps.random, start)),
    )
  }

  attach(record: ContainerRecord, request: AttachRequest): string {
    checkStreams(request)
    const handler = this.#deps.handlerOf(record.sandboxId)
    return this.#url(
      'attach',
      this.#command(request, (session) => serveAttach(session, handler.attach(record))),
    )
  }

  portForward(record: SandboxRecord, ports: readonly number[]): string {
    const handler = this.#deps.handlerOf(record.id)
    return this.#url('portforward', (request, socket, head) =>
      servePortForward(request, socket, head, {
        // containerd knows the pod by its sandbox.
        podName: record.id,
        ports,
        openPort: (port) => handler.connect(record, port),
      }),
    )
  }

  #command(
    options: RemoteCommandOptions,
    run: (session: RemoteCommandSession) => Promise<void>,
  ): Serve {
    return async (request, socket, head) => {
      const session = await acceptRemoteCommand(request, socket, head, options, this.#deps.clock)
      if (session) await run(session)
    }
  }

  #url(verb: Session['verb'], serve: Serve): string {
    try {
      return `${this.#base}/${verb}/${this.#tokens.add({ verb, serve })}`
    } catch (error) {
      if (!(error instanceof TooManySessions)) throw error
      throw new RpcError(status.RESOURCE_EXHAUSTED, error.message)
    }
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const [, verb = '', token = ''] = (request.url ?? '').split('?')[0]!.split('/')
    const session = this.#tokens.take(token)
    if (session?.verb !== verb) return refuseUpgrade(socket, 404, '404 page not found\n')
    try {
      await session.serve(request, socket, head)
    } catch (error) {
      this.#deps.logger.error('Streaming session failed', { verb, err: error })
      socket.destroy()
    }
  }
}

/** Upstream's checks, in its words. */
function checkStreams({ tty, stdin, stdout, stderr }: RemoteCommandOptions): void {
  if (tty && stderr)
    throw new RpcError(status.INVALID_ARGUMENT, 'tty and stderr cannot both be true')
  if (!stdin && !stdout && !stderr)
    throw new RpcError(status.INVALID_ARGUMENT, 'one of stdin, stdout, or stderr must be set')
}
