import t from 'tap'
import { keyValueStoreContract } from './key-value-store.contract.ts'
import { MemoryStore } from './memory-store.ts'

keyValueStoreContract('memory', async () => new MemoryStore())

t.test('deletes the keys of an expired lease', async (t) => {
  const store = new MemoryStore()
  const lease = await store.grantLease()
  await store.create('/t/a', Buffer.from('1'), lease)
  store.expireLease(lease)
  t.equal((await store.get('/t/a')).kv, undefined)
})
