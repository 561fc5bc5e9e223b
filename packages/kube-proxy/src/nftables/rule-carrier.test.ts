import * as fc from 'fast-check'
import t from 'tap'
import type { Test } from 'tap'
import { silentLogger, systemClock } from '@kemu/base'
import { parseCidr } from '@kemu/network/address'
import { createMetrics } from '../metrics.ts'
import { planService } from '../plan/plan-service.ts'
import type { ServicePlan } from '../plan/plan-service.ts'
import { NetworkNamespace } from '@kemu/network/testing'
import { here, ruleContext, service, slice, there } from '../testing/objects.ts'
import type { Endpoints } from '../testing/objects.ts'
import { RuleCarrier } from './rule-carrier.ts'

const probe = await NetworkNamespace.open()
if (typeof probe !== 'string') probe.close()
const skip = typeof probe === 'string' ? probe : false

const options = {
  clusterCidr: parseCidr('10.244.0.0/16'),
  masqueradeMark: 0x4000,
  masqueradeAll: false,
}

/** A kernel of its own, and carriers that come and go before it. */
async function world(t: Test) {
  const namespace = (await NetworkNamespace.open()) as NetworkNamespace
  t.teardown(() => namespace.close())
  const transactions: string[] = []
  const timers: (() => void)[] = []
  const flows: (readonly string[] | 'unknown')[] = []
  const start = (): RuleCarrier =>
    new RuleCarrier(options, {
      clock: {
        ...systemClock,
        setTimer: (_, fire) => {
          timers.push(fire)
          return { cancel: () => {} }
        },
      },
      logger: silentLogger,
      metrics: createMetrics(),
      run: (args, input) => {
        if (input !== undefined) transactions.push(input)
        return namespace.nft(args, input)
      },
      staleFlows: {
        remove: async (before) => void flows.push(before ? [...before.keys()] : 'unknown'),
      },
      localhost: { apply: async () => {} },
    })
  return { namespace, start, transactions, timers, flows }
}

const plan = (endpoints: Endpoints, spec = {}, status = {}): ServicePlan =>
  planService(service(spec, status), [slice(endpoints)], ruleContext)

const apply = (carrier: RuleCarrier, plans: Record<string, ServicePlan | undefined>) =>
  carrier.apply(new Map(Object.entries(plans)), ruleContext)

/** The table as nft prints it, without the order of elements. */
async function ruleset(namespace: NetworkNamespace): Promise<string[]> {
  const text = await namespace.nft(['list', 'table', 'ip', 'kube-proxy'])
  const blocks = text.replaceAll(/,\n\s+/g, ', ').split('\n\n')
  const sorted = blocks.map((block) =>
    block.replace(/elements = \{ (.*) \}/, (_, list: string) => list.split(', ').sort().join('; ')),
  )
  return sorted.sort()
}

t.test('a change of one service rewrites its chains only', { skip }, async (t) => {
  const { namespace, start, transactions } = await world(t)
  const carrier = start()
  const other = planService(
    service({ clusterIP: '10.96.0.21' }, {}, 'b'),
    [slice([here])],
    ruleContext,
  )
  await apply(carrier, { 'default/web': plan([here]), 'default/b': other })
  await apply(carrier, { 'default/web': plan([here, there]) })
  t.match(transactions.at(-1), /^add chain ip kube-proxy service-\S+-default\/web\/tcp\/http\n/)
  t.notMatch(transactions.at(-1), /default\/b/)
  t.notMatch(transactions.at(-1), /element/, 'the maps lead to the same chain')
  t.equal(transactions.length, 2)
  await apply(carrier, { 'default/web': plan([here, there]) })
  t.equal(transactions.length, 2, 'nothing changed, nothing written')
  t.match(await namespace.nft(['list', 'ruleset']), /numgen random mod 2 map \{ 0 : 10\.244\.1\.5/)
})

t.test('a restarted kube-proxy takes over what is there', { skip }, async (t) => {
  const { namespace, start, timers, flows } = await world(t)
  const sticky = { sessionAffinity: 'ClientIP' }
  const nodePort = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30_080 }] }
  const gone = planService(
    service({ clusterIP: '10.96.0.99', ...sticky }, {}, 'gone'),
    [slice([there])],
    ruleContext,
  )
  await apply(start(), {
    'default/web': plan([here], { ...nodePort, ...sticky }),
    'default/gone': gone,
  })
  t.same(flows, [['default/web', 'default/gone']], 'a first life knows that nothing was before')
  const second = start()
  const wanted = plan([], nodePort)
  await apply(second, { 'default/web': wanted })
  t.equal(flows.at(-1), 'unknown')
  for (const fire of timers) fire()
  await apply(second, { 'default/web': wanted })
  const text = await namespace.nft(['list', 'table', 'ip', 'kube-proxy'])
  t.notMatch(text, /default\/gone|affinity-|10\.96\.0\.99/)
  t.match(text, /10\.96\.0\.20 \. tcp \. 80 comment "default\/web:http" : goto reject-chain/)
  const before = await ruleset(namespace)
  await apply(start(), { 'default/web': wanted })
  t.same(await ruleset(namespace), before)
})

t.test('rules that somebody flushed are written anew', { skip }, async (t) => {
  const { namespace, start } = await world(t)
  const carrier = start()
  await apply(carrier, { 'default/web': plan([here]) })
  const before = await ruleset(namespace)
  await namespace.nft(['delete', 'table', 'ip', 'kube-proxy'])
  await t.rejects(apply(carrier, { 'default/web': plan([here, there]) }), /No such file/)
  await apply(carrier, { 'default/web': plan([here]) })
  t.same(await ruleset(namespace), before)
})

t.test(
  'two services that want one address: the first has it, then the other',
  { skip },
  async (t) => {
    const { namespace, start } = await world(t)
    const carrier = start()
    const external = (name: string, clusterIP: string): ServicePlan =>
      planService(
        service({ clusterIP, externalIPs: ['192.0.2.7'] }, {}, name),
        [slice([here])],
        ruleContext,
      )
    await apply(carrier, { 'default/a': external('a', '10.96.0.1') })
    await apply(carrier, { 'default/b': external('b', '10.96.0.2') })
    const holder = async (): Promise<string | undefined> =>
      /192\.0\.2\.7 \. tcp \. 80 : goto \S+-default\/(\w)/.exec(
        await namespace.nft(['list', 'ruleset']),
      )?.[1]
    t.equal(await holder(), 'a')
    await apply(carrier, { 'default/a': undefined })
    t.equal(await holder(), 'b')
  },
)

const endpoints = fc.subarray([
  here,
  there,
  { ...there, addresses: ['10.244.2.6'] },
  {
    ...here,
    addresses: ['10.244.1.6'],
    conditions: { ready: false, serving: true, terminating: true },
  },
])
const somePlan = fc
  .record({
    endpoints,
    name: fc.constantFrom('a', 'b', 'c'),
    sessionAffinity: fc.constantFrom('None', 'ClientIP'),
    timeoutSeconds: fc.constantFrom(60, 90),
    externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    externalIPs: fc.subarray(['192.0.2']),
    ranges: fc.subarray(['10.0.0.0/8']),
    isGone: fc.boolean(),
  })
  .map((drawn): readonly [string, ServicePlan | undefined] => {
    const index = 'abc'.indexOf(drawn.name)
    const spec = {
      type: 'LoadBalancer',
      clusterIP: `10.96.0.${20 + index}`,
      ports: [{ name: 'http', port: 80, nodePort: 30_080 + index }],
      sessionAffinity: drawn.sessionAffinity,
      sessionAffinityConfig: { clientIP: { timeoutSeconds: drawn.timeoutSeconds } },
      externalTrafficPolicy: drawn.externalTrafficPolicy,
      internalTrafficPolicy: drawn.internalTrafficPolicy,
      externalIPs: drawn.externalIPs.map((block) => `${block}.${index}`),
      loadBalancerSourceRanges: drawn.ranges,
    }
    const status = { loadBalancer: { ingress: [{ ip: `198.51.100.${index}` }] } }
    const object = service(spec, status, drawn.name)
    const made = planService(object, [slice(drawn.endpoints)], ruleContext)
    return [`default/${drawn.name}`, drawn.isGone ? undefined : made]
  })

t.test('steps lead to the same table as one leap', { skip }, async (t) => {
  const { namespace, start, timers } = await world(t)
  await fc.assert(
    fc.asyncProperty(fc.array(somePlan, { minLength: 1, maxLength: 6 }), async (steps) => {
      const walker = start()
      for (const [key, plan] of steps) await apply(walker, { [key]: plan })
      for (const fire of timers.splice(0)) fire()
      await apply(walker, {})
      const walked = await ruleset(namespace)
      await namespace.nft(['delete', 'table', 'ip', 'kube-proxy'])
      await apply(start(), Object.fromEntries(steps))
      t.same(walked, await ruleset(namespace), JSON.stringify(steps.map(([key]) => key)))
      await namespace.nft(['delete', 'table', 'ip', 'kube-proxy'])
    }),
    { numRuns: 15, seed: 5 },
  )
})
