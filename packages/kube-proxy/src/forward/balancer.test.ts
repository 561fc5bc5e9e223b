import * as fc from 'fast-check'
import t from 'tap'
import { seededRandom, systemClock } from '@kemu/base'
import type { Clock } from '@kemu/base'
import { parseCidr } from '@kemu/network/address'
import type { Backend, Frontend } from '../plan/frontend.ts'
import { AffinityTable } from './affinity-table.ts'
import { Balancer } from './balancer.ts'
import type { IsInside } from './balancer.ts'

const backends: Backend[] = [1, 2, 3].map((i) => ({ address: `10.244.1.${i}`, port: 80 }))

function frontend(over: Partial<Frontend> = {}): Frontend {
  return {
    protocol: 'TCP',
    address: '10.96.0.20',
    port: 80,
    servicePort: 'default/web',
    service: 'default/web',
    scope: 'node',
    backends,
    insideBackends: over.backends ?? backends,
    sourceRanges: [],
    affinityMs: undefined,
    ...over,
  }
}

/** Time that only moves when told to; timers fire in order. */
function manualClock(): Clock & { advance(ms: number): void; readonly timers: number } {
  let nowMs = 0
  const timers = new Set<{ atMs: number; fire: () => void }>()
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    setTimer(delayMs, fire) {
      const timer = { atMs: nowMs + delayMs, fire }
      timers.add(timer)
      return { cancel: () => timers.delete(timer) }
    },
    get timers() {
      return timers.size
    },
    advance(ms) {
      nowMs += ms
      for (const timer of timers)
        if (timer.atMs <= nowMs) {
          timers.delete(timer)
          timer.fire()
        }
    },
  }
}

function balancerOf(f: Frontend, clock: Clock = systemClock, isInside: IsInside = () => false) {
  const affinity = new AffinityTable(clock)
  return { affinity, balancer: new Balancer(f, affinity, seededRandom(7), isInside) }
}

t.test('gives everybody his share', (t) => {
  const { balancer } = balancerOf(frontend())
  const counts = new Map<string, number>()
  for (let i = 0; i < 3000; i++) {
    const { address } = balancer.choose('10.0.0.1', [])!
    counts.set(address, (counts.get(address) ?? 0) + 1)
  }
  for (const { address } of backends) t.ok(Math.abs(counts.get(address)! - 1000) < 150, address)
  t.end()
})

t.test('never offers what was tried, and nothing when all was', (t) => {
  fc.assert(
    fc.property(fc.subarray(backends), (tried) => {
      const { balancer } = balancerOf(frontend())
      const chosen = balancer.choose('10.0.0.1', tried)
      if (tried.length === backends.length) t.equal(chosen, undefined)
      else t.notOk(tried.includes(chosen!))
    }),
  )
  t.end()
})

t.test('a client stays with its endpoint until it was away for the timeout', (t) => {
  const clock = manualClock()
  const { balancer, affinity } = balancerOf(frontend({ affinityMs: 1000 }), clock)
  const own = balancer.choose('10.0.0.1', [])!
  balancer.connected('10.0.0.1', own)
  for (let i = 0; i < 20; i++) {
    clock.advance(900)
    t.equal(balancer.choose('10.0.0.1', []), own)
    balancer.connected('10.0.0.1', own)
  }
  clock.advance(1000)
  const seen = new Set(Array.from({ length: 50 }, () => balancer.choose('10.0.0.1', [])))
  t.equal(seen.size, 3, 'free again')
  t.equal(affinity.size, 0, 'forgotten')
  t.equal(clock.timers, 0, 'and nothing ticks')
  t.end()
})

t.test('an endpoint that is gone holds nobody', (t) => {
  const { balancer } = balancerOf(frontend({ affinityMs: 1000 }))
  balancer.connected('10.0.0.1', backends[0]!)
  balancer.update(frontend({ affinityMs: 1000, backends: backends.slice(1) }))
  t.not(balancer.choose('10.0.0.1', [])!.address, backends[0]!.address)
  t.end()
})

t.test('only clients inside go to the endpoints for insiders', (t) => {
  const far = { address: '10.244.9.9', port: 80 }
  const f = frontend({ backends: [], insideBackends: [far] })
  const { balancer } = balancerOf(f, systemClock, (client) => client === '10.244.0.1')
  t.equal(balancer.choose('10.244.0.1', []), far)
  t.equal(balancer.choose('192.0.2.1', []), undefined)
  t.end()
})

t.test('source ranges let in whom they name', (t) => {
  const { balancer } = balancerOf(frontend({ sourceRanges: [parseCidr('10.0.0.0/8')!] }))
  t.ok(balancer.admits('10.1.2.3'))
  t.notOk(balancer.admits('127.0.0.1'))
  t.ok(balancerOf(frontend()).balancer.admits('127.0.0.1'))
  t.end()
})
