import t from 'tap'
import { DeviceRoutes } from './device-routes.ts'

/** A kernel with blackholes everywhere but at the given addresses. */
function fakeIp(before: string[] = [], routable: string[] = []) {
  const routes = new Set(before)
  const calls: string[] = []
  const run = async (args: readonly string[], input: string): Promise<string> => {
    calls.push(args.includes('show') ? 'show' : input)
    if (args.includes('show'))
      return [...routes].map((a) => `${a} dev eth0 scope link src 172.18.0.10 \n`).join('')
    const failures: string[] = []
    for (const [i, line] of input.trim().split('\n').entries()) {
      const [, verb, address] = /^route (get|replace|del) ([\d.]+)/.exec(line)!
      const isThere = routes.has(address!)
      if (verb === 'replace') routes.add(address!)
      if (verb === 'get' && !isThere && !routable.includes(address!))
        failures.push(`RTNETLINK answers: Invalid argument\nCommand failed -:${i + 1}`)
      if (verb === 'del' && !routes.delete(address!))
        failures.push(`RTNETLINK answers: No such process\nCommand failed -:${i + 1}`)
    }
    if (failures.length > 0) throw new Error(`ip: ${failures.join('\n')}`)
    return ''
  }
  return { run, routes, calls }
}

const eth0 = (): string => 'eth0'

t.test('an address that leads nowhere gets a route, one that leads somewhere none', async (t) => {
  const ip = fakeIp([], ['192.0.2.7'])
  const routes = new DeviceRoutes('172.18.0.10', ip.run, eth0)
  await routes.load()
  await routes.add(new Set(['10.96.0.1', '192.0.2.7', '10.96.0.20']))
  t.same([...ip.routes], ['10.96.0.1', '10.96.0.20'])
  t.equal(
    ip.calls.at(-1),
    'route replace 10.96.0.1/32 dev eth0 src 172.18.0.10 proto 75\n' +
      'route replace 10.96.0.20/32 dev eth0 src 172.18.0.10 proto 75\n',
  )
  const before = ip.calls.length
  await routes.add(new Set(['10.96.0.1', '192.0.2.7', '10.96.0.20']))
  t.equal(ip.calls.length, before, 'nothing to do, nothing run')
})

t.test(
  'what an earlier life left is kept where it is wanted, and goes where it is not',
  async (t) => {
    const ip = fakeIp(['10.96.0.1', '10.96.0.99'])
    const routes = new DeviceRoutes('172.18.0.10', ip.run, eth0)
    await routes.load()
    await routes.add(new Set(['10.96.0.1']))
    await routes.prune(new Set(['10.96.0.1']))
    t.same([...ip.routes], ['10.96.0.1'])
  },
)

t.test('routes that went with their interface are no failure', async (t) => {
  const ip = fakeIp()
  const routes = new DeviceRoutes('172.18.0.10', ip.run, eth0)
  await routes.add(new Set(['10.96.0.1']))
  ip.routes.clear()
  await routes.prune(new Set())
  await routes.add(new Set(['10.96.0.1']))
  t.same([...ip.routes], ['10.96.0.1'])
})

t.test('while no interface has the address of the node nothing is done', async (t) => {
  const ip = fakeIp()
  await new DeviceRoutes('172.18.0.10', ip.run, () => undefined).add(new Set(['10.96.0.1']))
  t.same(ip.calls, [])
})
