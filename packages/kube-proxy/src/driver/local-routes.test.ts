import t from 'tap'
import { LocalRoutes } from './local-routes.ts'

/** A kernel that remembers its local routes, as `ip` shows them. */
function fakeIp(before: string[] = []) {
  const routes = new Set(before)
  const batches: string[] = []
  const run = async (args: readonly string[], input: string): Promise<string> => {
    if (args.includes('show')) {
      const wanted = args[0] === '-6'
      return [...routes]
        .filter((address) => address.includes(':') === wanted)
        .map((address) => `local ${address} dev lo scope host \n`)
        .join('')
    }
    batches.push(input)
    for (const line of input.trim().split('\n')) {
      const [, verb, address] = /route (\S+) local (\S+) dev lo table local proto 75$/.exec(line)!
      if (verb === 'replace') routes.add(address!)
      else if (!routes.delete(address!)) throw new Error('RTNETLINK answers: No such process')
    }
    return ''
  }
  return { run, routes, batches }
}

const nothingIsOwn = (): boolean => false

t.test('adds what is missing in one batch, and removes what is not wanted', async (t) => {
  const ip = fakeIp()
  const routes = new LocalRoutes(ip.run, nothingIsOwn)
  await routes.load()
  await routes.add(new Set(['10.96.0.1', '10.96.0.20', 'fd00::1']))
  t.same([...ip.routes], ['10.96.0.1', '10.96.0.20', 'fd00::1'])
  await routes.add(new Set(['10.96.0.1', '10.96.0.20', 'fd00::1']))
  t.equal(ip.batches.length, 1, 'nothing to do, nothing run')
  await routes.prune(new Set(['10.96.0.1']))
  t.same([...ip.routes], ['10.96.0.1'])
})

t.test('takes over what an earlier life left', async (t) => {
  const ip = fakeIp(['10.96.0.1', '10.96.0.99', 'fd00::9'])
  const routes = new LocalRoutes(ip.run, nothingIsOwn)
  await routes.load()
  await routes.add(new Set(['10.96.0.1']))
  t.equal(ip.batches.length, 0)
  await routes.prune(new Set(['10.96.0.1']))
  t.same([...ip.routes], ['10.96.0.1'])
})

t.test("never touches an interface's own address", async (t) => {
  const ip = fakeIp()
  const routes = new LocalRoutes(ip.run, (address) => address === '172.18.0.10')
  await routes.add(new Set(['172.18.0.10', '192.0.2.1']))
  await routes.prune(new Set())
  t.same(ip.batches.join('').match(/172\.18/g), null)
})
