import { assert } from '@kemu/base'
import type { Message } from '@kemu/rpc'
import type { KeyValue as KeyValueMessage, TxnRequest, TxnResponse } from '@kemu/rpc/etcd'
import { EtcdEndpoints, toStoreError } from './etcd-endpoints.ts'
import type { EtcdConfig } from './etcd-endpoints.ts'
import { EtcdWatch } from './etcd-watch.ts'
import { prefixEnd } from './key-value-store.ts'
import type {
  ChangeSink,
  ChangeStream,
  KeyValue,
  KeyValueStore,
  RangeQuery,
  RangeResult,
  VersionedWrite,
  WriteResult,
} from './key-value-store.ts'
import { isStoreError } from './store-error.ts'

/** The store seam on etcd's v3 gRPC API: ours, or a real etcd. */
export class EtcdStore implements KeyValueStore {
  readonly #endpoints: EtcdEndpoints
  readonly #config: EtcdConfig

  constructor(config: EtcdConfig) {
    this.#config = config
    this.#endpoints = new EtcdEndpoints(config)
  }

  async get(key: string): Promise<{ kv: KeyValue | undefined; revision: number }> {
    const response = await this.#endpoints.call(
      ({ kv }, timeoutMs) => kv.Range({ key: Buffer.from(key) }, { timeoutMs }),
      true,
    )
    const [found] = response.kvs
    return { kv: found && keyValue(found), revision: Number(response.header?.revision) }
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    const request = {
      key: Buffer.from(query.startKey ?? query.prefix),
      rangeEnd: Buffer.from(prefixEnd(query.prefix)),
      limit: String(query.limit ?? 0),
      revision: String(query.revision ?? 0),
      countOnly: query.countOnly ?? false,
    }
    const response = await this.#endpoints.call(
      ({ kv }, timeoutMs) => kv.Range(request, { timeoutMs }),
      true,
    )
    return {
      kvs: response.kvs.map(keyValue),
      count: Number(response.count),
      revision: Number(response.header?.revision),
    }
  }

  create(key: string, value: Buffer, lease?: string): Promise<WriteResult> {
    return this.replace(key, 0, value, lease)
  }

  async replace(
    key: string,
    modRevision: number,
    value: Buffer,
    lease = '0',
  ): Promise<WriteResult> {
    const keyBytes = Buffer.from(key)
    const transaction: Message<TxnRequest> = {
      compare: [unchanged(keyBytes, modRevision)],
      success: [{ requestPut: { key: keyBytes, value, lease } }],
      failure: [{ requestRange: { key: keyBytes } }],
    }
    const isDone = (current: KeyValue | undefined): boolean =>
      current !== undefined && current.value.equals(value)
    return this.#write(key, modRevision, transaction, isDone)
  }

  async remove(key: string, modRevision: number): Promise<WriteResult> {
    const keyBytes = Buffer.from(key)
    const transaction: Message<TxnRequest> = {
      compare: [unchanged(keyBytes, modRevision)],
      success: [{ requestDeleteRange: { key: keyBytes } }],
      failure: [{ requestRange: { key: keyBytes } }],
    }
    return this.#write(key, modRevision, transaction, (current) => current === undefined)
  }

  async putIfVersion(key: string, version: number, value: Buffer): Promise<VersionedWrite> {
    const keyBytes = Buffer.from(key)
    const response = await this.#transact({
      compare: [{ key: keyBytes, target: 'VERSION', result: 'EQUAL', version: String(version) }],
      success: [{ requestPut: { key: keyBytes, value } }],
      failure: [{ requestRange: { key: keyBytes } }],
    })
    const revision = Number(response.header?.revision)
    if (response.succeeded) return { ok: true, revision }
    const [current] = response.responses[0]?.responseRange?.kvs ?? []
    return { ok: false, revision, version: Number(current?.version ?? 0) }
  }

  watch(prefix: string, fromRevision: number, sink: ChangeSink): ChangeStream {
    return new EtcdWatch(this.#endpoints, this.#config.clock, prefix, fromRevision, sink)
  }

  async grantLease(ttlSeconds: number): Promise<string> {
    const response = await this.#endpoints.call(
      ({ lease }, timeoutMs) => lease.LeaseGrant({ TTL: String(ttlSeconds) }, { timeoutMs }),
      true,
    )
    return response.ID
  }

  async compact(revision: number): Promise<void> {
    await this.#endpoints.call(
      ({ kv }, timeoutMs) => kv.Compact({ revision: String(revision) }, { timeoutMs }),
      false,
    )
  }

  close(): void {
    this.#endpoints.close()
  }

  /**
   * One guarded write. If its answer was lost, the key is read again: `isDone` tells whether the state is the wanted
   * one; if nothing changed, the write is made again (its guard lets it happen once at most). The lost write may still
   * come between that read and the repetition, so a repetition that is refused asks `isDone` too.
   */
  async #write(
    key: string,
    modRevision: number,
    transaction: Message<TxnRequest>,
    isDone: (current: KeyValue | undefined) => boolean,
  ): Promise<WriteResult> {
    const settle = ({
      revision,
      kv,
    }: {
      revision: number
      kv: KeyValue | undefined
    }): WriteResult =>
      isDone(kv)
        ? { ok: true, revision: kv?.modRevision ?? revision }
        : { ok: false, revision, current: kv }
    for (let isRepeated = false; ; isRepeated = true) {
      try {
        const result = writeResult(await this.#transact(transaction))
        if (result.ok || !isRepeated) return result
        return settle({ revision: result.revision, kv: result.current })
      } catch (error) {
        if (!isStoreError(error, 'unavailable')) throw error
        const found = await this.get(key)
        if ((found.kv?.modRevision ?? 0) !== modRevision) return settle(found)
      }
    }
  }

  async #transact(transaction: Message<TxnRequest>): Promise<TxnResponse> {
    try {
      return await this.#endpoints.call(
        ({ kv }, timeoutMs) => kv.Txn(transaction, { timeoutMs }),
        false,
      )
    } catch (error) {
      throw toStoreError(error)
    }
  }
}

function unchanged(key: Buffer, modRevision: number): Message<TxnRequest['compare'][number]> {
  return { key, target: 'MOD', result: 'EQUAL', modRevision: String(modRevision) }
}

function writeResult(response: TxnResponse): WriteResult {
  const revision = Number(response.header?.revision)
  assert(revision > 0, 'an etcd answer carries its revision')
  if (response.succeeded) return { ok: true, revision }
  const [current] = response.responses[0]?.responseRange?.kvs ?? []
  return { ok: false, revision, current: current && keyValue(current) }
}

export function keyValue(message: KeyValueMessage): KeyValue {
  return {
    key: message.key.toString('latin1'),
    value: message.value,
    modRevision: Number(message.modRevision),
  }
}
