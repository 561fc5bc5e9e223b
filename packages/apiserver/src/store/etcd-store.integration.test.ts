import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import t from 'tap'
import { systemClock } from '@kemu/base'
import { RealEtcd } from '../testing/real-etcd.ts'
import { EtcdStore } from './etcd-store.ts'
import { keyValueStoreContract } from './key-value-store.contract.ts'

const etcd = await RealEtcd.start()
if (!etcd) t.pass('skipped', { skip: 'no etcd program on this machine' })
else {
  const store = new EtcdStore({ endpoints: [etcd.endpoint], clock: systemClock })
  t.teardown(async () => {
    store.close()
    await etcd.stop()
  })
  keyValueStoreContract('etcd', async () => store)

  t.test(
    'resumes watches and finishes writes when the only member is killed and comes back',
    async (t) => {
      const keys: string[] = []
      let wake = (): void => {}
      const { revision } = await store.get('/k/')
      const stream = store.watch('/k/', revision + 1, {
        onChanges: (changes) => {
          for (const change of changes) if (change.type === 'put') keys.push(change.kv.key)
          wake()
        },
        onCompacted: () => t.fail('nothing was compacted'),
      })
      const written: string[] = []
      const write = async (i: number): Promise<void> => {
        const key = `/k/${String(i).padStart(3, '0')}`
        const result = await store.create(key, Buffer.from(`value ${i}`))
        if (result.ok) written.push(key)
      }
      await write(0)
      const burst = Array.from({ length: 50 }, (_, i) => write(i + 1))
      await etcd.kill()
      etcd.run()
      await Promise.all(burst)
      t.equal(written.length, 51, 'each create succeeded once, whatever the connection did')
      while (keys.length < 51) await new Promise<void>((resolve) => (wake = resolve))
      t.strictSame(keys.toSorted(), written.toSorted())
      stream.close()
    },
  )

  t.test('passes over a member whose address takes connections and says nothing', async (t) => {
    const taken = new Set<Socket>()
    const deaf = createServer((socket) => taken.add(socket)).listen(0, '127.0.0.1')
    await once(deaf, 'listening')
    const silent = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`
    const both = new EtcdStore({ endpoints: [silent, etcd.endpoint], clock: systemClock })
    t.teardown(() => {
      both.close()
      for (const socket of taken) socket.destroy()
      deaf.close()
    })
    const written = await both.create('/silent/1', Buffer.from('1'))
    t.ok(written.ok, 'a write, which is never repeated')
    const again = new EtcdStore({ endpoints: [silent, etcd.endpoint], clock: systemClock })
    t.teardown(() => again.close())
    const type = await new Promise<string>((resolve) => {
      const stream = again.watch('/silent/', written.revision, {
        onChanges: ([change]) => {
          stream.close()
          resolve(change!.type)
        },
        onCompacted: () => t.fail('nothing was compacted'),
      })
    })
    t.equal(type, 'put', 'a watch')
  })
}
