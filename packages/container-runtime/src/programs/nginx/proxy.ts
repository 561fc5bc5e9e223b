import { request as sendRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { shiftPort } from '@kemu/network/address'
import { warnLine } from '../output.ts'
import type { StubResolver } from '../stub-resolver.ts'
import type { Surroundings } from '../surroundings.ts'
import { errorPage } from './pages.ts'
import type { LocationMatch, Upstreams } from './model.ts'
import { sendText } from '../static-files.ts'

export interface ProxyDeps {
  readonly surroundings: Surroundings
  readonly resolver: StubResolver
  readonly upstreams: Upstreams
}

/** Where `proxy_pass http://NAME[:PORT][/PATH]` sends a request of this path. */
export interface ProxyTarget {
  readonly host: string
  readonly port: number
  readonly path: string
}

export function planProxy(
  proxyPass: string,
  match: LocationMatch,
  url: string,
  upstreams: Upstreams,
  turn: number,
): ProxyTarget | undefined {
  const parsed = /^http:\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(proxyPass)
  if (!parsed) return undefined
  const [, name = '', portText, uri] = parsed
  const servers = upstreams.get(name)
  const [host = name, upstreamPort] = (servers?.[turn % servers.length] ?? name).split(':')
  // With a URI the location's prefix is replaced by it, without one the request goes on as it came.
  const path =
    uri === undefined || match.kind === 'regex' ? url : uri + url.slice(match.path.length)
  return { host, port: Number(portText ?? upstreamPort ?? 80), path }
}

/** Sends the request on and its answer back; 502 when nobody is there. */
export async function proxy(
  request: IncomingMessage,
  response: ServerResponse,
  target: ProxyTarget,
  headers: Readonly<Record<string, string>>,
  { surroundings, resolver }: ProxyDeps,
): Promise<void> {
  const fail = (error: Error): void => {
    warnLine(`[error] ${error.message} while connecting to upstream, host: "${target.host}"`)
    if (response.headersSent) response.destroy()
    else sendText(response, 502, errorPage(502, surroundings.version), 'text/html')
  }
  try {
    const onward = sendRequest({
      host: await resolver.address(target.host),
      port: shiftPort(target.port, surroundings.portFloor),
      path: target.path,
      method: request.method,
      headers: { ...request.headers, host: target.host, connection: 'close', ...headers },
    })
    onward.on('error', fail)
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  } catch (error) {
    fail(error as Error)
  }
}
