import t from 'tap'
import { seededRandom, systemClock } from '@kemu/base'
import { MemoryStore } from '../store/memory-store.ts'
import { AllocationError, IpAllocator } from './ip-allocator.ts'
import { IpRange } from './ip-range.ts'
import { NodePortAllocator, parsePortRange } from './node-port-allocator.ts'

const owner = { namespace: 'a', name: 's' }

function addresses(cidr: string, store = new MemoryStore()): IpAllocator {
  return new IpAllocator(IpRange.parse(cidr)!, store, seededRandom(3), systemClock)
}

t.test('gives an address to one service only, whichever server is asked', async (t) => {
  const store = new MemoryStore()
  const [one, other] = [addresses('10.0.0.0/29', store), addresses('10.0.0.0/29', store)]
  const wanted = Array.from({ length: 3 }, (_, i) => [
    one.takeAny({ ...owner, name: `a${i}` }, () => false),
    other.takeAny({ ...owner, name: `b${i}` }, () => false),
  ]).flat()
  const all = await Promise.all(wanted)
  t.equal(new Set(all).size, 6)
  await t.rejects(
    one.takeAny(owner, () => false),
    { isFull: true, message: 'range is full' },
  )
  await one.release(all[0]!)
  t.equal(await other.takeAny(owner, () => false), all[0])
})

t.test('lets a service take again what a crash left it, and nobody else', async (t) => {
  const allocator = addresses('10.0.0.0/24')
  await allocator.take('10.0.0.9', owner)
  await t.resolves(allocator.take('10.0.0.9', owner))
  await t.rejects(
    allocator.take('10.0.0.9', { ...owner, name: 'other' }),
    new AllocationError('provided IP is already allocated'),
  )
  await t.rejects(allocator.take('10.0.1.9', owner), AllocationError)
})

t.test('gives out node ports once and takes them back', async (t) => {
  const store = new MemoryStore()
  const make = (): NodePortAllocator =>
    new NodePortAllocator({ first: 30_000, last: 30_019 }, store, seededRandom(5))
  const [one, other] = [make(), make()]
  const taken = await Promise.all(
    Array.from({ length: 18 }, (_, i) => (i % 2 ? one : other).take([0])),
  )
  t.equal(new Set(taken.flat()).size, 18, 'two servers never give out the same')
  const [free = 0] = [30_000, 30_001, 30_002].filter((port) => !taken.flat().includes(port))
  if (free > 0) {
    t.same(await one.take([free]), [free])
    await t.rejects(other.take([free]), { message: 'provided port is already allocated' })
  }
  await t.rejects(one.take([80]), {
    message: 'provided port is not in the valid range. The range of valid ports is 30000-30019',
  })
  await one.release(taken.flat())
  await one.repair(new Set([30_007]))
  t.same(await other.taken(), [30_007])
})

t.test('writes what is taken as upstream does', async (t) => {
  const store = new MemoryStore()
  const ports = new NodePortAllocator({ first: 30_000, last: 32_767 }, store, seededRandom(5))
  await ports.take([30_000, 30_009])
  const { kv } = await store.get('/registry/ranges/servicenodeports')
  const { data, range } = JSON.parse(kv!.value.toString()) as { data: string; range: string }
  t.equal(range, '30000-32767')
  t.same([...Buffer.from(data, 'base64')], [0b10, 0b1], 'the last byte holds the first ports')
})

t.test('reads port ranges', (t) => {
  t.same(parsePortRange('30000-32767'), { first: 30_000, last: 32_767 })
  for (const text of ['30000', '5-4', '0-9', '1-70000', 'a-b'])
    t.equal(parsePortRange(text), undefined)
  t.end()
})

t.test('tells the addresses that it gave out from those that users took', async (t) => {
  const store = new MemoryStore()
  const allocator = addresses('10.0.0.0/24', store)
  await allocator.take('10.0.0.9', owner)
  const users = {
    metadata: { name: '10.0.0.8' },
    spec: { parentRef: { resource: 'x', name: 'y' } },
  }
  await store.create('/registry/ipaddresses/10.0.0.8', Buffer.from(JSON.stringify(users)))
  const managed = (await allocator.taken()).map(({ address, isManaged }) => [address, isManaged])
  t.same(Object.fromEntries(managed), { '10.0.0.9': true, '10.0.0.8': false })
  await t.rejects(allocator.take('10.0.0.8', owner), AllocationError, 'a service cannot have it')
})
