import t from 'tap'
import { silentLogger } from '@kemu/base'
import type { LogFields } from '@kemu/base'
import { planService } from '../plan/plan-service.ts'
import type { ServicePlan } from '../plan/plan-service.ts'
import { here, ruleContext, service, slice, there } from '../testing/objects.ts'
import type { Endpoints } from '../testing/objects.ts'
import { parseFlows, StaleFlows } from './stale-flows.ts'

const flow = (from: string, to: string, answers: string): string =>
  `udp      17 25 ${tuple(from, to)} ${tuple(answers, from)} mark=0 use=1`
const tuple = (from: string, to: string): string => {
  const [[source, sport], [target, dport]] = [from.split(':'), to.split(':')]
  return `src=${source} dst=${target} sport=${sport} dport=${dport}`
}
const unanswered = (line: string): string => line.replace(/(dport=\d+) src/, '$1 [UNREPLIED] src')
const listed = [
  flow('10.244.1.9:4000', '10.96.0.20:80', '10.244.1.5:8080'),
  unanswered(flow('10.244.1.9:4001', '10.96.0.20:80', '10.244.2.5:8080')),
  unanswered(flow('10.244.1.9:4002', '10.96.0.20:80', '10.244.2.5:8080')),
  flow('172.18.0.1:4003', '172.18.0.10:30080', '10.244.2.5:8080'),
  flow('10.244.1.9:4004', '192.0.2.53:53', '192.0.2.53:53'),
].join('\n')

function plan(endpoints: Endpoints, protocol = 'UDP', nodePort = 30_080): ServicePlan {
  const ports = [{ name: 'http', port: 80, nodePort, protocol }]
  const object = service({ type: nodePort === 0 ? 'ClusterIP' : 'NodePort', ports })
  return planService(object, [slice(endpoints, protocol)], ruleContext)
}

/** What conntrack was asked to do; 'list' for a listing. */
async function asked(
  before: ServicePlan | undefined | 'unknown',
  now: ServicePlan,
): Promise<string[]> {
  const calls: string[] = []
  const run = async (args: readonly string[]): Promise<string> => {
    calls.push(args[0] === '-L' ? 'list' : args.slice(5).join(' '))
    return listed
  }
  const key = 'default/web'
  await new StaleFlows(run, silentLogger).remove(
    before === 'unknown' ? undefined : new Map([[key, before]]),
    new Map([[key, now]]),
  )
  return calls
}

const stale = [
  'list',
  '--orig-dst 10.96.0.20 --orig-port-dst 80 --reply-src 10.244.2.5 --reply-port-src 8080',
  '--orig-dst 172.18.0.10 --orig-port-dst 30080 --reply-src 10.244.2.5 --reply-port-src 8080',
]

t.test('flows to an endpoint that went are forgotten, one call for all clients', async (t) => {
  t.same(await asked(plan([here, there]), plan([here])), stale)
})

t.test('what another life of kube-proxy left is looked through', async (t) => {
  t.same(await asked('unknown', plan([here])), stale)
})

t.test('nothing is run where nothing was lost, and for TCP', async (t) => {
  t.same(await asked(plan([here]), plan([here, there])), [])
  t.same(await asked(undefined, plan([here], 'UDP', 0)), [], 'a new ClusterIP')
  t.same(await asked(plan([here, there], 'TCP'), plan([here], 'TCP')), [])
})

t.test('without any endpoint flows are left, and looked at when there is one again', async (t) => {
  t.same(await asked(plan([here, there]), plan([])), ['list'])
  t.same(await asked(plan([]), plan([here])), stale)
})

t.test('a client that asked before there was a node port is led to it', async (t) => {
  t.same(await asked(undefined, plan([here])), stale)
  t.same(await asked(plan([here], 'UDP', 0), plan([here])), stale)
})

t.test('a terminating endpoint that still serves keeps its flows', async (t) => {
  const conditions = { ready: false, serving: true, terminating: true }
  t.same(await asked(plan([here, there]), plan([here, { ...there, conditions }])), [])
})

t.test('a machine without conntrack is told so once', async (t) => {
  const said: [string, LogFields | undefined][] = []
  const logger = { ...silentLogger, warn: (m: string, f?: LogFields) => void said.push([m, f]) }
  const missing = Object.assign(new Error('spawn conntrack ENOENT'), { code: 'ENOENT' })
  const flows = new StaleFlows(() => Promise.reject(missing), logger)
  await flows.remove(undefined, new Map([['default/web', plan([here])]]))
  await flows.remove(undefined, new Map([['default/web', plan([here])]]))
  t.equal(said.length, 1)
  t.match(said[0]![0], /^conntrack is not installed/)
})

t.test('reads the listing of conntrack', (t) => {
  t.equal(parseFlows(listed).length, 5)
  t.same(parseFlows(listed)[1], {
    destination: '10.96.0.20',
    destinationPort: 80,
    endpoint: '10.244.2.5',
    endpointPort: 8080,
  })
  t.end()
})
