import t from 'tap'
import { MemoryStore } from '../store/memory-store.ts'
import { MasterLeases } from './master-leases.ts'

const at = (store: MemoryStore, server: string, advertiseAddress: string): MasterLeases =>
  new MasterLeases({ server, advertiseAddress }, store)

t.test('a server that comes back with another address ends what it was before', async (t) => {
  const store = new MemoryStore()
  await at(store, 'master1', '172.18.0.2').renew()
  await at(store, 'master2', '172.18.0.3').renew()
  const back = at(store, 'master1', '172.19.0.2')
  t.same(await back.removeFormer(), ['172.18.0.3'], 'others stay')
  t.same(await back.addresses(), ['172.18.0.3'])
  await back.renew()
  t.same(await back.addresses(), ['172.18.0.3', '172.19.0.2'])
})

t.test('an address that changed hands belongs to who renewed it last', async (t) => {
  const store = new MemoryStore()
  await at(store, 'master1', '172.18.0.2').renew()
  await at(store, 'master2', '172.18.0.2').renew()
  t.same(await at(store, 'master1', '172.18.0.3').removeFormer(), ['172.18.0.2'])
})

t.test('the key of a real server is not ours to end', async (t) => {
  const store = new MemoryStore()
  await store.create('/registry/masterleases/172.18.0.9', Buffer.from('k8s\0\n\f\n\x02v1'))
  const ours = at(store, 'master1', '172.18.0.2')
  t.same(await ours.removeFormer(), ['172.18.0.9'])
  await ours.renew()
  await ours.remove()
  t.same(await ours.addresses(), ['172.18.0.9'])
})
