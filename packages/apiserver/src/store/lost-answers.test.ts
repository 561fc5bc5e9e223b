import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '@kemu/base'
import { RpcError, RpcServer, status } from '@kemu/rpc'
import type { Message } from '@kemu/rpc'
import { KV } from '@kemu/rpc/etcd'
import type { RangeResponse, TxnRequest, TxnResponse } from '@kemu/rpc/etcd'
import { EtcdStore } from './etcd-store.ts'

/** Where a write whose answer is lost takes effect: a slow member commits after the client gave up on it. */
type Moment = 'before the read' | 'after the read'

interface Stored {
  readonly value: Buffer
  readonly modRevision: number
}

/** One key of a member that loses the answer to the first transaction. */
class ForgetfulMember {
  stored: Stored | undefined
  writes = 0
  readonly #moment: Moment
  #revision = 10
  #late: Message<TxnRequest> | undefined
  #isFirst = true

  constructor(moment: Moment, stored?: Stored) {
    this.#moment = moment
    this.stored = stored
  }

  transact(request: TxnRequest): Message<TxnResponse> {
    if (!this.#isFirst) return this.#apply(request)
    this.#isFirst = false
    if (this.#moment === 'before the read') this.#apply(request)
    else this.#late = request
    throw new RpcError(status.UNAVAILABLE, 'etcdserver: request timed out')
  }

  read(): Message<RangeResponse> {
    const answer = { header: { revision: String(this.#revision) }, kvs: this.#kvs() }
    if (this.#late) this.#apply(this.#late)
    this.#late = undefined
    return answer
  }

  #apply({ compare, success }: Message<TxnRequest>): Message<TxnResponse> {
    const succeeded = Number(compare?.[0]?.modRevision) === (this.stored?.modRevision ?? 0)
    if (succeeded) {
      this.writes += 1
      this.#revision += 1
      const value = success?.[0]?.requestPut?.value
      this.stored = value ? { value: Buffer.from(value), modRevision: this.#revision } : undefined
    }
    const responses = succeeded ? [] : [{ responseRange: { kvs: this.#kvs() } }]
    return { header: { revision: String(this.#revision) }, succeeded, responses }
  }

  #kvs(): Message<RangeResponse>['kvs'] {
    if (!this.stored) return []
    const { value, modRevision } = this.stored
    return [{ key: Buffer.from('/k'), value, modRevision: String(modRevision) }]
  }
}

async function open(t: Test, member: ForgetfulMember): Promise<EtcdStore> {
  const server = new RpcServer().add(KV, {
    Txn: (request) => member.transact(request),
    Range: () => member.read(),
  })
  const [port] = await server.listen(['127.0.0.1:0'])
  const store = new EtcdStore({ endpoints: [`http://127.0.0.1:${port}`], clock: systemClock })
  t.teardown(async () => {
    store.close()
    await server.close(0)
  })
  return store
}

for (const moment of ['before the read', 'after the read'] as const) {
  t.test(`a create whose answer was lost is no conflict with itself, done ${moment}`, async (t) => {
    const member = new ForgetfulMember(moment)
    const store = await open(t, member)
    t.strictSame(await store.create('/k', Buffer.from('mine')), { ok: true, revision: 11 })
    t.equal(member.writes, 1)
  })

  t.test(`a replacement whose answer was lost is done once, ${moment}`, async (t) => {
    const member = new ForgetfulMember(moment, { value: Buffer.from('old'), modRevision: 7 })
    const store = await open(t, member)
    t.strictSame(await store.replace('/k', 7, Buffer.from('new')), { ok: true, revision: 11 })
    t.equal(member.writes, 1)
  })

  t.test(`a removal whose answer was lost is done once, ${moment}`, async (t) => {
    const member = new ForgetfulMember(moment, { value: Buffer.from('old'), modRevision: 7 })
    const store = await open(t, member)
    t.match(await store.remove('/k', 7), { ok: true })
    t.equal(member.writes, 1)
  })
}

t.test('a create that somebody else won stays refused', async (t) => {
  const member = new ForgetfulMember('after the read')
  const store = await open(t, member)
  const lost = store.create('/k', Buffer.from('mine'))
  member.stored = { value: Buffer.from('theirs'), modRevision: 9 }
  const result = await lost
  t.equal(result.ok, false)
  t.equal(member.stored.value.toString(), 'theirs')
})
