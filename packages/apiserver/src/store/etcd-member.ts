import { readFileSync } from 'node:fs'
import { processResolver } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { code, dial, GrpcError } from '@kemu/etcd/client'
import type {
  Channel,
  ChannelDeps,
  ChannelTarget,
  ClientCall,
  ClientStreamEvents,
} from '@kemu/etcd/client'
import type { CodecMethod, Init } from '@kemu/rpc/protobuf'

/** PEM files of one identity, as kubeadm lays them out. */
export interface TlsFiles {
  /** Whom to trust. */
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** There was no connection to send the call on: it had no effect. */
export class NotConnected extends Error {
  override name = 'NotConnected'
}

/** How long one try may take. */
const tryTimeoutMs = 10_000
/** A member that hangs, or whose host is gone, is left after this; upstream's client waits 30 s and 10 s. */
const keepAlive = { everyMs: 10_000, timeoutMs: 5000 }
const plainPort = 2379
const resolve = processResolver()

/** One member: a connection that is made when it is first needed, and anew when it broke. */
export class EtcdMember {
  readonly #target: ChannelTarget
  readonly #deps: ChannelDeps
  #channel: Promise<Channel> | undefined
  #isClosed = false

  /** `endpoint` is http(s)://host:port; without TLS files a connection is plain. */
  constructor(endpoint: string, tls: TlsFiles | undefined, clock: Clock) {
    const url = new URL(endpoint)
    this.#target = {
      host: url.hostname.replaceAll(/[[\]]/g, ''),
      port: Number(url.port || plainPort),
      isSecure: url.protocol === 'https:' && tls !== undefined,
    }
    this.#deps = { clock, resolve, tls: () => (tls ? readTls(tls) : {}), keepAlive }
  }

  /** Rejects with NotConnected, or with a GrpcError: the member's own, or UNAVAILABLE or DEADLINE_EXCEEDED. */
  async unary<I, O>(method: CodecMethod<I, O>, request: Init<I>): Promise<O> {
    const channel = await this.#connect()
    return new Promise((done, fail) => {
      let answer: O | undefined
      const call = channel.stream(method, {
        onMessage: (message) => (answer = message),
        onEnd: (error) => {
          timer.cancel()
          if (error) fail(error)
          else if (answer === undefined) fail(new GrpcError(code.INTERNAL, 'no response'))
          else done(answer)
        },
        onDrain: () => {},
      })
      const timer = this.#deps.clock.setTimer(tryTimeoutMs, () => {
        call.cancel()
        fail(new GrpcError(code.DEADLINE_EXCEEDED, 'no answer in time'))
      })
      call.write(request)
      call.end()
    })
  }

  /** Opens a stream with these headers; rejects with NotConnected. */
  async stream<I, O>(
    method: CodecMethod<I, O>,
    events: ClientStreamEvents<O>,
    metadata: Readonly<Record<string, string>>,
  ): Promise<ClientCall<I, O>> {
    return (await this.#connect()).withMetadata(metadata).stream(method, events)
  }

  close(): void {
    this.#isClosed = true
    this.#channel?.then(
      (channel) => channel.close(),
      () => undefined,
    )
  }

  #connect(): Promise<Channel> {
    this.#channel ??= this.#dial()
    return this.#channel
  }

  async #dial(): Promise<Channel> {
    try {
      if (this.#isClosed) throw new Error('the store is closed')
      const channel = await dial(this.#target, this.#deps)
      channel.onClose(() => (this.#channel = undefined))
      return channel
    } catch (error) {
      this.#channel = undefined
      throw new NotConnected(error instanceof Error ? error.message : String(error), {
        cause: error,
      })
    }
  }
}

function readTls({ caFile, certFile, keyFile }: TlsFiles): ReturnType<ChannelDeps['tls']> {
  return { ca: readFileSync(caFile), cert: readFileSync(certFile), key: readFileSync(keyFile) }
}
