import type { MetricsRegistry } from '@kemu/base'
import { AlarmType } from '@kemu/rpc/etcd-codec'
import type { Member } from '../member/member.ts'
import { clusterVersion, serverVersion, storageVersion } from '../version.ts'
import type { HttpListener, HttpRequest, HttpResponse } from './exchange.ts'
import { HealthMetrics } from './health-metrics.ts'

/** How one thing of the health checks stands; undefined is well. */
type Check = () => Promise<string | undefined>

export interface ObservabilityDeps {
  readonly member: () => Member | undefined
  readonly metrics: MetricsRegistry
  /** --cors: origins that browsers may come from. */
  readonly corsOrigins: readonly string[]
  readonly readTimeoutMs: number
  readonly timeout: (ms: number) => Promise<string>
}

/** What etcd answers over plain HTTP: /health, /livez, /readyz, /metrics, /version. */
export function observability(deps: ObservabilityDeps): HttpListener {
  const health = new HealthMetrics(deps.metrics)
  return (request, response) => {
    allowOrigin(deps.corsOrigins, request, response)
    if (request.method === 'OPTIONS') {
      response.writeHead(200).end()
      return
    }
    route({ ...deps, health }, request, response).catch((error: unknown) => {
      response.writeHead(500).end(`${error instanceof Error ? error.message : String(error)}\n`)
    })
  }
}

interface Deps extends ObservabilityDeps {
  readonly health: HealthMetrics
}

/** As etcd's: the headers are there whether or not a browser asks. */
export function allowOrigin(
  origins: readonly string[],
  request: HttpRequest,
  response: HttpResponse,
): void {
  const { origin } = request.headers
  const isOpen = origins.length === 0 || origins.includes('*')
  const allowed = isOpen ? '*' : origins.find((one) => one === origin)
  if (allowed === undefined) return
  response.setHeader('Access-Control-Allow-Origin', allowed)
  response.setHeader('Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE')
  response.setHeader('Access-Control-Allow-Headers', 'accept, content-type, authorization')
}

const plainText = {
  'content-type': 'text/plain; charset=utf-8',
  'x-content-type-options': 'nosniff',
}

async function route(deps: Deps, request: HttpRequest, response: HttpResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (request.method !== 'GET') {
    response.writeHead(405, { ...plainText, allow: 'GET' }).end('Method Not Allowed\n')
    return
  }
  const member = deps.member()
  if (url.pathname === '/metrics') {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(deps.metrics.expose())
  } else if (url.pathname === '/version') {
    const body = { etcdserver: serverVersion, etcdcluster: clusterVersion, storage: storageVersion }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  } else if (url.pathname === '/health') await answerHealth(deps, member, url, response)
  else if (/^\/(livez|readyz)(\/|$)/.test(url.pathname)) {
    await answerChecks(deps, member, url, response)
  } else response.writeHead(404, plainText).end('404 page not found\n')
}

async function answerHealth(
  deps: Deps,
  member: Member | undefined,
  url: URL,
  response: HttpResponse,
): Promise<void> {
  const excluded = url.searchParams.getAll('exclude')
  const isSerializable = url.searchParams.get('serializable') === 'true'
  const reason = await findFault(deps, member, excluded, isSerializable)
  deps.health.note(reason === undefined)
  const text = JSON.stringify({ health: String(reason === undefined), reason: reason ?? '' })
  if (reason === undefined) {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
  } else response.writeHead(503, plainText).end(`${text}\n`)
}

async function findFault(
  deps: Deps,
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
  const reason = await read(deps, member)
  return reason === undefined ? undefined : `RANGE ERROR:${reason}`
}

async function read(deps: Deps, member: Member): Promise<string | undefined> {
  const readable = member.whenReadable().then(
    () => undefined,
    (error: Error) => error.message,
  )
  return Promise.race([readable, deps.timeout(deps.readTimeoutMs)])
}

/** Upstream's checks by name; each can be asked for alone (/readyz/NAME) or left out (?exclude=NAME). */
function checksOf(deps: Deps, member: Member | undefined, kind: string): Record<string, Check> {
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
  deps: Deps,
  member: Member | undefined,
  url: URL,
  response: HttpResponse,
): Promise<void> {
  const [, kind = '', one] = url.pathname.split('/')
  const checks = checksOf(deps, member, kind)
  const excluded = url.searchParams.getAll('exclude')
  const names = one ? [one] : Object.keys(checks).filter((name) => !excluded.includes(name))
  if (one && !checks[one]) {
    response.writeHead(404, plainText).end('404 page not found\n')
    return
  }
  const lines: string[] = []
  let isHealthy = true
  for (const name of names) {
    const fault = await checks[name]!()
    if (fault !== undefined) isHealthy = false
    deps.health.noteCheck(kind, name, fault === undefined)
    lines.push(fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`)
  }
  const details = lines.map((line) => `${line}\n`).join('')
  if (!isHealthy) response.writeHead(503, plainText).end(`${details}\n`)
  else {
    const isVerbose = url.searchParams.has('verbose')
    response.writeHead(200, plainText).end(isVerbose ? `${details}ok\n` : 'ok\n')
  }
}
