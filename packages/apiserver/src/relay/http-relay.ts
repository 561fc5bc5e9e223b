import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { badRequest, plainError, statusError } from '@kemu/api'
import type { ResolveName } from '@kemu/base'
import { isWebSocketRequest, sendAsMessages } from '@kemu/streaming'
import type { ConnectTarget } from '../request/api-response.ts'
import type { Relay } from '../rest/rest-front.ts'
import { forwardingHeaders, isPage, pageFromOutside, proxiedHeaders } from './proxied-answer.ts'

export interface RelayConfig {
  /** PEM, for kubelets. */
  readonly clientCertificate: string | undefined
  readonly clientKey: string | undefined
  /** Absent means that kubelets are not verified, as kubeadm leaves it. */
  readonly kubeletAuthority: string | undefined
  /** Names of nodes are looked up at each dial. */
  readonly resolve: ResolveName
}

/**
 * Headers that belong to one connection, and the caller's secrets, which are none of the target's
 * business.
 */
const notPassedOn = new Set([
  'authorization',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
])

/** Carries requests and upgraded connections to kubelets, pods and services, byte by byte. */
export class HttpRelay implements Relay {
  readonly #config: RelayConfig

  constructor(config: RelayConfig) {
    this.#config = config
  }

  async relayRequest(
    target: ConnectTarget,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const outgoing = await this.#open(target, headersFor(target, message))
    const answer = await answerOf(outgoing, message, target)
    response.on('close', () => outgoing.destroy())
    if (target.checked && !isSuccess(answer.statusCode ?? 0)) throw await refusalOf(answer)
    const headers = answerHeaders(target, message, answer)
    const code = answer.statusCode ?? 502
    if (target.isProxied && isPage(target, answer)) {
      const page = await pageFromOutside(answer, message, target)
      response.writeHead(code, { ...headers, 'content-length': page.length }).end(page)
      return
    }
    response.writeHead(code, headers)
    response.flushHeaders()
    await pipeAll(answer, response)
  }

  /** Logs for a WebSocket: the kubelet gives bytes, the client gets messages. */
  async #relayAsMessages(
    target: ConnectTarget,
    message: IncomingMessage,
    client: Duplex,
    head: Buffer,
  ): Promise<void> {
    const outgoing = await this.#open(target, {})
    client.on('close', () => outgoing.destroy())
    const answer = await answerOf(outgoing, message, target)
    if (!isSuccess(answer.statusCode ?? 0)) throw await refusalOf(answer)
    await sendAsMessages(message, client, head, answer)
  }

  /** The target's answer, whatever it is, goes to the client as it comes. */
  async relayUpgrade(
    target: ConnectTarget,
    message: IncomingMessage,
    client: Duplex,
    head: Buffer,
  ): Promise<void> {
    if (target.checked && isWebSocketRequest(message))
      return this.#relayAsMessages(target, message, client, head)
    const server = await this.#dial(target)
    const lines = [
      `${target.method} ${target.path} HTTP/1.1`,
      `Host: ${target.host}:${target.port}`,
    ]
    for (let i = 0; i < message.rawHeaders.length; i += 2) {
      const name = message.rawHeaders[i]!
      const isUpgrade = /^(connection|upgrade)$/i.test(name)
      if (isUpgrade || !notPassedOn.has(name.toLowerCase())) {
        lines.push(`${name}: ${message.rawHeaders[i + 1]!}`)
      }
    }
    server.write(`${lines.join('\r\n')}\r\n\r\n`)
    if (head.length > 0) server.write(head)
    join(client, server)
  }

  async #open(target: ConnectTarget, headers: IncomingHttpHeaders): Promise<ClientRequest> {
    const host = await this.#addressOf(target.host)
    const options = {
      host,
      port: target.port,
      path: target.path,
      method: target.method,
      headers: { host: `${target.host}:${target.port}`, ...headers },
      agent: false as const,
    }
    return target.scheme === 'http'
      ? httpRequest(options)
      : httpsRequest({ ...options, ...this.#tls(target) })
  }

  async #dial(target: ConnectTarget): Promise<Socket> {
    const address = { host: await this.#addressOf(target.host), port: target.port }
    const isTls = target.scheme === 'https'
    const socket = isTls ? connectTls({ ...address, ...this.#tls(target) }) : connectTcp(address)
    return new Promise((resolve, reject) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        socket.removeAllListeners('error')
        resolve(socket)
      })
      socket.once('error', (error) => reject(unreachable(target, error)))
    })
  }

  async #addressOf(host: string): Promise<string> {
    const [address] = await this.#config.resolve(host)
    if (address === undefined) throw plainError(`lookup ${host}: no such host`)
    return address
  }

  #tls({ host, asKubeletClient }: ConnectTarget): object {
    const { clientCertificate, clientKey, kubeletAuthority } = this.#config
    if (!asKubeletClient) return { rejectUnauthorized: false }
    return {
      cert: clientCertificate,
      key: clientKey,
      ...(kubeletAuthority === undefined
        ? { rejectUnauthorized: false }
        : { ca: kubeletAuthority, servername: host }),
    }
  }
}

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !notPassedOn.has(name)))
}

function headersFor(target: ConnectTarget, message: IncomingMessage): IncomingHttpHeaders {
  const headers = passedOn(message.headers)
  return target.isProxied ? { ...headers, ...forwardingHeaders(message, target) } : headers
}

function answerHeaders(
  target: ConnectTarget,
  message: IncomingMessage,
  answer: IncomingMessage,
): IncomingHttpHeaders {
  if (target.checked) return { 'content-type': 'text/plain' }
  const headers = passedOn(answer.headers)
  return target.isProxied ? proxiedHeaders(headers, message, target) : headers
}

function answerOf(
  outgoing: ClientRequest,
  message: IncomingMessage,
  target: ConnectTarget,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', (error) => reject(unreachable(target, error)))
    message.pipe(outgoing)
  })
}

function isSuccess(code: number): boolean {
  return code >= 200 && code <= 206
}

/** What a kubelet's refusal becomes (rest.GenericHttpResponseChecker). */
async function refusalOf(answer: IncomingMessage): Promise<Error> {
  const pieces: Buffer[] = []
  for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece)
  const text = Buffer.concat(pieces).subarray(0, 50_000).toString()
  switch (answer.statusCode) {
    case 400:
      return badRequest(text)
    case 404:
      return statusError('NotFound', 'the server could not find the requested resource', {
        causes: [{ reason: 'UnexpectedServerResponse', message: text }],
      })
    case 500:
      return statusError('InternalError', `Internal error occurred: ${text}`, {
        causes: [{ message: text }],
      })
    default:
      return statusError('InternalError', text, {}, answer.statusCode ?? 502)
  }
}

function unreachable(target: ConnectTarget, error: Error): Error {
  const { method, scheme, host, port, path } = target
  if (target.isProxied) {
    const why = `error trying to reach service: ${goDialError(error, host, port)}`
    return statusError('ServiceUnavailable', why)
  }
  const url = `${scheme}://${host}:${port}${path}`
  const verb = method[0] + method.slice(1).toLowerCase()
  return plainError(`${verb} ${JSON.stringify(url)}: ${goDialError(error, host, port)}`)
}

/** Node's words for a failed connection in Go's. */
function goDialError(error: NodeJS.ErrnoException, host: string, port: number): string {
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
  }
  if (error.code === 'EPROTO' && error.message.includes('wrong version number'))
    return 'tls: first record does not look like a TLS handshake'
  const reason = reasons[error.code ?? '']
  return reason === undefined ? error.message : `dial tcp ${host}:${port}: ${reason}`
}

function pipeAll(source: IncomingMessage, sink: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    source.on('error', () => sink.destroy())
    sink.on('close', resolve)
    source.pipe(sink)
  })
}

/** Both directions until either side ends. */
function join(client: Duplex, server: Socket): void {
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
  client.on('close', () => server.destroy())
  server.on('close', () => client.destroy())
  client.pipe(server)
  server.pipe(client)
}
