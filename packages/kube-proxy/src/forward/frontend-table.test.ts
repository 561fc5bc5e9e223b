import * as fc from 'fast-check'
import t from 'tap'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import type { Frontend } from '../plan/frontend.ts'
import type { Balancer } from './balancer.ts'
import type { OpenForwarder } from './forwarder.ts'
import { FrontendTable } from './frontend-table.ts'

function frontend(service: string, port: number, scope: Frontend['scope'] = 'node'): Frontend {
  const backends = [{ address: service, port }]
  return {
    protocol: 'TCP',
    address: '10.96.0.1',
    port,
    servicePort: service,
    service,
    scope,
    backends,
    insideBackends: backends,
    sourceRanges: [],
    affinityMs: undefined,
  }
}

/** A table over sockets that are only noted: by port, the balancer behind each open one. */
function setUp(failures: Map<number, string> = new Map()) {
  const open = new Map<number, Balancer>()
  const told: string[] = []
  let tell = (): void => {}
  const opener: OpenForwarder = async (at, balancer) => {
    const code = failures.get(at.port)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
    if (open.has(at.port)) throw new Error('opened twice')
    open.set(at.port, balancer)
    return {
      close: () => {
        if (open.get(at.port) === balancer) open.delete(at.port)
      },
    }
  }
  const table = new FrontendTable({
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    open: { TCP: opener, UDP: opener },
    isInside: () => false,
    onUnavailable: (_, message) => {
      told.push(message)
      tell()
    },
  })
  const until = async (count: number): Promise<void> => {
    while (told.length < count) await new Promise<void>((resolve) => (tell = resolve))
  }
  const owner = (port: number): string | undefined => open.get(port)?.choose('', [])?.address
  return { table, open, owner, told, until }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('who comes first has the socket; who comes later gets it when that one goes', async (t) => {
  const step = fc.record({
    service: fc.constantFrom('a', 'b', 'c'),
    ports: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { table, open, owner } = setUp()
      const claims = new Map<number, string[]>()
      for (const port of [1, 2, 3]) claims.set(port, [])
      for (const { service, ports } of steps) {
        await table.apply(
          service,
          ports.map((port) => frontend(service, port)),
        )
        await settled()
        for (const [port, queue] of claims) {
          const others = queue.filter((name) => name !== service)
          const stays = ports.includes(port) && queue.includes(service)
          claims.set(port, stays ? queue : ports.includes(port) ? [...others, service] : others)
        }
        for (const [port, queue] of claims) t.equal(owner(port), queue[0])
        t.equal(table.openCount, open.size)
      }
      table.close()
      t.equal(open.size, 0)
    }),
    { numRuns: 60 },
  )
})

t.test('shared sockets are open only while this proxy serves them', async (t) => {
  const { table, open } = setUp()
  await table.apply('a', [frontend('a', 1, 'shared'), frontend('a', 2)])
  t.same([...open.keys()], [2])
  await table.serveShared(true)
  t.same(
    [...open.keys()].sort((a, b) => a - b),
    [1, 2],
  )
  await table.apply('b', [frontend('b', 3, 'shared')])
  t.same(
    [...open.keys()].sort((a, b) => a - b),
    [1, 2, 3],
  )
  await table.serveShared(false)
  t.same([...open.keys()], [2])
  table.close()
})

t.test(
  'a socket that another program holds is said once, in plain words, and taken when free',
  async (t) => {
    const failures = new Map([[1, 'EADDRINUSE']])
    const { table, told, until, owner } = setUp(failures)
    await table.apply('a', [frontend('a', 1)])
    await until(1)
    t.same(told, ['TCP 10.96.0.1:1 is in use by another program on this machine'])
    failures.clear()
    while (owner(1) === undefined) await settled()
    t.equal(owner(1), 'a')
    table.close()
  },
)

t.test('new endpoints do not close the socket', async (t) => {
  const { table, open, owner } = setUp()
  await table.apply('a', [frontend('a', 1)])
  const before = open.get(1)
  const moved = { ...frontend('a', 1), backends: [{ address: 'z', port: 1 }] }
  await table.apply('a', [moved])
  t.equal(open.get(1), before)
  t.equal(owner(1), 'z')
  table.close()
})
