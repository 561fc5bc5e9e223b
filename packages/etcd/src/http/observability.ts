import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { AlarmType } from '@kemu/rpc/etcd-codec'
import type { Member } from '../member/member.ts'
import { clusterVersion, serverVersion } from '../version.ts'

/** How one thing of the health checks stands; undefined is well. */
type Check = () => Promise<string | undefined>

export interface ObservabilityDeps {
  readonly member: () => Member | undefined
  readonly exposeMetrics: () => string
  readonly readTimeoutMs: number
  readonly timeout: (ms: number) => Promise<string>
}

/** What etcd answers over plain HTTP: /health, /livez, /readyz, /metrics, /version. */
export function observability(deps: ObservabilityDeps): RequestListener {
  return (request, response) => {
    route(deps, request, response).catch((error: unknown) => {
      response.writeHead(500).end(`${error instanceof Error ? error.message : String(error)}\n`)
    })
  }
}

async function route(
  deps: ObservabilityDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET' }).end('Method Not Allowed\n')
    return
  }
  const member = deps.member()
  if (url.pathname === '/metrics') {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(deps.exposeMetrics())
  } else if (url.pathname === '/version') {
    const body = { etcdserver: serverVersion, etcdcluster: clusterVersion, storage: '3.6.0' }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  } else if (url.pathname === '/health') await answerHealth(deps, member, url, response)
  else if (/^\/(livez|readyz)(\/|$)/.test(url.pathname)) {
    await answerChecks(deps, member, url, response)
  } else response.writeHead(404).end('404 page not found\n')
}

async function answerHealth(
  deps: ObservabilityDeps,
  member: Member | undefined,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const excluded = url.searchParams.getAll('exclude')
  const isSerializable = url.searchParams.get('serializable') === 'true'
  const reason = await findFault(deps, member, excluded, isSerializable)
  const body = reason === undefined ? { health: 'true', reason: '' } : { health: 'false', reason }
  response.writeHead(reason === undefined ? 200 : 503, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

async function findFault(
  deps: ObservabilityDeps,
  member: Member | undefined,
  excluded: readonly string[],
  isSerializable: boolean,
): Promise<string | undefined> {
  if (!member) return 'SERVER STARTING'
  for (const { alarm } of member.state.alarms.all()) {
    const name = alarm === AlarmType.NOSPACE ? 'NOSPACE' : 'CORRUPT'
    if (!excluded.includes(name)) return `ALARM ${name}`
  }
  if (isSerializable) return undefined
  if (!member.hasLeader) return 'RAFT NO LEADER'
  return read(deps, member)
}

async function read(deps: ObservabilityDeps, member: Member): Promise<string | undefined> {
  const readable = member.whenReadable().then(
    () => undefined,
    (error: Error) => `RANGE ERROR:${error.message}`,
  )
  return Promise.race([readable, deps.timeout(deps.readTimeoutMs)])
}

/** Upstream's checks by name; each can be asked for alone (/readyz/NAME) or left out (?exclude=NAME). */
function checksOf(
  deps: ObservabilityDeps,
  member: Member | undefined,
  kind: string,
): Record<string, Check> {
  const started = async (): Promise<string | undefined> =>
    member ? undefined : 'the member is starting'
  const serializable = started
  const corruption = async (): Promise<string | undefined> =>
    member?.state.alarms.isCorrupt ? 'alarm activated: CORRUPT' : undefined
  const linearizable = async (): Promise<string | undefined> =>
    member ? read(deps, member) : 'the member is starting'
  const learner = async (): Promise<string | undefined> =>
    member?.isLearner ? 'not supported for learner' : undefined
  if (kind === 'livez') return { serializable_read: serializable }
  return {
    data_corruption: corruption,
    serializable_read: serializable,
    linearizable_read: linearizable,
    non_learner: learner,
  }
}

async function answerChecks(
  deps: ObservabilityDeps,
  member: Member | undefined,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const [, kind = '', one] = url.pathname.split('/')
  const checks = checksOf(deps, member, kind)
  const excluded = url.searchParams.getAll('exclude')
  const names = one ? [one] : Object.keys(checks).filter((name) => !excluded.includes(name))
  if (one && !checks[one]) {
    response.writeHead(404).end('404 page not found\n')
    return
  }
  const lines: string[] = []
  let isHealthy = true
  for (const name of names) {
    const fault = await checks[name]!()
    if (fault !== undefined) isHealthy = false
    lines.push(fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`)
  }
  response.writeHead(isHealthy ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' })
  const isVerbose = url.searchParams.has('verbose') || !isHealthy
  response.end(isVerbose ? `${lines.join('\n')}\n` : 'ok\n')
}
