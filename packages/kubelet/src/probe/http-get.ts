import { request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Container, HTTPGetAction } from '@kemu/api'
import type { Clock } from '@kemu/base'
import { containerPort } from './container-port.ts'
import type { ProbeOutcome } from './probe-outcome.ts'

export interface HttpTarget {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
}

/** maxRespBodyLength of the prober: what follows is not read. */
const bodyBytesMax = 10 << 10
const redirectsMax = 10

/** Below the 5 s after which servers of Node close an idle connection themselves. */
const idleMs = 4_000

// Probes show no certificate and check none: the kubelet cannot know the pod's authority
// (pkg/probe/http). Unlike upstream's they keep TLS connections for the next second's probe: a
// handshake each second costs both sides more than everything else that an idle node does.
const probeAgent = new Agent({ rejectUnauthorized: false, keepAlive: true, timeout: idleMs })

/**
 * Where an action leads: its own host or the pod's address. Throws when its port has no meaning.
 */
export function httpTarget(
  action: HTTPGetAction,
  container: Container,
  podIp: string,
  purpose: 'probe' | 'lifecycle',
): HttpTarget {
  const headers: Record<string, string[]> = {}
  for (const { name, value } of action.httpHeaders ?? [])
    (headers[name.toLowerCase()] ??= []).push(value)
  headers['user-agent'] ??= [`kube-${purpose}/1.36`]
  if (headers['accept']?.[0] === '') delete headers['accept']
  else headers['accept'] ??= ['*/*']
  const path = action.path ?? '/'
  return {
    scheme: action.scheme?.toLowerCase() === 'https' ? 'https' : 'http',
    host: action.host || podIp,
    port: containerPort(action.port, container),
    path: path.startsWith('/') ? path : `/${path}`,
    headers: Object.fromEntries(
      Object.entries(headers).map(([k, v]) => [k, v.length === 1 ? v[0]! : v] as const),
    ),
  }
}

/**
 * One GET. Failures of every kind are outcomes; redirects to another host count as success with a
 * warning.
 */
export async function probeHttp(
  clock: Clock,
  target: HttpTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  let current = target
  for (let hops = 0; hops <= redirectsMax; hops++) {
    const url = urlOf(current)
    let answer: HttpAnswer
    try {
      answer = await getAnew(clock, current, timeoutMs)
    } catch (error) {
      return { result: 'failure', output: failureText(url, error as Error) }
    }
    const { code, location, body } = answer
    const next = code >= 300 && code < 400 && location ? follow(current, location) : undefined
    if (next) {
      current = next
      continue
    }
    if (code >= 300 && code < 400)
      return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` }
    if (code >= 200 && code < 300) return { result: 'success', output: body }
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${code}` }
  }
  return { result: 'failure', output: `Get "${urlOf(current)}": stopped after 10 redirects` }
}

interface HttpAnswer {
  readonly code: number
  readonly location: string | undefined
  readonly body: string
}

/** A kept connection may have been closed at this very moment; that says nothing about the server. */
async function getAnew(clock: Clock, target: HttpTarget, timeoutMs: number): Promise<HttpAnswer> {
  try {
    return await get(clock, target, timeoutMs)
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error
    return get(clock, target, timeoutMs)
  }
}

class StaleConnection extends Error {
  override name = 'StaleConnection'
}

/** One GET; a time of 0 never ends it. */
export function get(clock: Clock, target: HttpTarget, timeoutMs: number): Promise<HttpAnswer> {
  const { scheme, host, port, path, headers } = target
  return new Promise((resolve, reject) => {
    const options = { host, port, path, headers, method: 'GET' as const, setHost: true }
    const read = (response: IncomingMessage): void => {
      readBody(response).then(
        (body) =>
          resolve({ code: response.statusCode ?? 0, location: response.headers.location, body }),
        reject,
      )
    }
    const outgoing: ClientRequest =
      scheme === 'https'
        ? httpsRequest({ ...options, agent: probeAgent, rejectUnauthorized: false }, read)
        : httpRequest({ ...options, agent: false }, read)
    outgoing.on('error', (error) =>
      reject(outgoing.reusedSocket && isReset(error) ? new StaleConnection(error.message) : error),
    )
    if (timeoutMs > 0) {
      const timer = clock.setTimer(timeoutMs, () => outgoing.destroy(new TimeoutError()))
      outgoing.on('close', () => timer.cancel())
    }
    outgoing.end()
  })
}

function isReset(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ECONNRESET' || code === 'EPIPE'
}

class TimeoutError extends Error {
  override name = 'TimeoutError'
}

function readBody(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const done = (): void => resolve(Buffer.concat(chunks).subarray(0, bodyBytesMax).toString())
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes < bodyBytesMax) return
      done()
      response.destroy()
    })
    response.on('end', done)
    response.on('error', reject)
  })
}

/** The target that a redirect names, if it stays on the host. */
function follow(from: HttpTarget, location: string): HttpTarget | undefined {
  let url: URL
  try {
    url = new URL(location, urlOf(from))
  } catch {
    return undefined // No URL: shown as a terminated redirect.
  }
  const host = url.hostname.replaceAll(/[[\]]/g, '')
  if (host !== from.host) return undefined
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const port = Number(url.port || (scheme === 'https' ? 443 : 80))
  return { ...from, scheme, port, path: url.pathname + url.search }
}

export function urlOf({ scheme, host, port, path }: HttpTarget): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
}

/** The words of Go's http client. */
function failureText(url: string, error: Error): string {
  if (error instanceof TimeoutError)
    return `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`
  return `Get "${url}": ${dialFailure(error)}`
}

/** What Go says of a connection that was not made. */
export function dialFailure(error: Error): string {
  const { code, address, port } = error as NodeJS.ErrnoException & {
    address?: string
    port?: number
  }
  const where = address === undefined ? '' : `${address}:${port}: `
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${where}connect: connection refused`
    case 'EHOSTUNREACH':
      return `dial tcp ${where}connect: no route to host`
    case 'ENETUNREACH':
      return `dial tcp ${where}connect: network is unreachable`
    case 'ETIMEDOUT':
      return `dial tcp ${where}i/o timeout`
    case 'ECONNRESET':
      return 'EOF'
    default:
      return error.message
  }
}
