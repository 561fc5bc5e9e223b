import { assert } from '@kemu/base'
import { CompareCompareTarget, KVService, LeaseService } from '@kemu/rpc/etcd-codec'
import type { Compare, TxnRequest, TxnResponse } from '@kemu/rpc/etcd-codec'
import type { Init } from '@kemu/rpc/protobuf'
import { EtcdEndpoints } from './etcd-endpoints.ts'
import type { EtcdConfig } from './etcd-endpoints.ts'
import { keyValue } from './etcd-key-value.ts'
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
    const response = await this.#endpoints.call(KVService.Range, { key }, { isRepeatable: true })
    const [found] = response.kvs
    return { kv: found && keyValue(found), revision: revisionOf(response) }
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    const { prefix, startKey = prefix, limit = 0, revision = 0, countOnly = false } = query
    const request = { key: startKey, rangeEnd: prefixEnd(prefix), limit, revision, countOnly }
    const response = await this.#endpoints.call(KVService.Range, request, { isRepeatable: true })
    return {
      kvs: response.kvs.map(keyValue),
      count: response.count,
      revision: revisionOf(response),
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
    const put = { key, value: value.toString('latin1'), lease: BigInt(lease) }
    const transaction: Init<TxnRequest> = {
      compare: [unchanged(key, modRevision)],
      success: [{ requestPut: put }],
      failure: [{ requestRange: { key } }],
    }
    const isDone = (current: KeyValue | undefined): boolean =>
      current !== undefined && current.value.equals(value)
    return this.#write(key, modRevision, transaction, isDone)
  }

  async remove(key: string, modRevision: number): Promise<WriteResult> {
    const transaction: Init<TxnRequest> = {
      compare: [unchanged(key, modRevision)],
      success: [{ requestDeleteRange: { key } }],
      failure: [{ requestRange: { key } }],
    }
    return this.#write(key, modRevision, transaction, (current) => current === undefined)
  }

  async putIfVersion(key: string, version: number, value: Buffer): Promise<VersionedWrite> {
    const response = await this.#transact({
      compare: [{ key, target: CompareCompareTarget.VERSION, version }],
      success: [{ requestPut: { key, value: value.toString('latin1') } }],
      failure: [{ requestRange: { key } }],
    })
    const revision = revisionOf(response)
    if (response.succeeded) return { ok: true, revision }
    const [current] = response.responses[0]?.responseRange?.kvs ?? []
    return { ok: false, revision, version: current?.version ?? 0 }
  }

  watch(prefix: string, fromRevision: number, sink: ChangeSink): ChangeStream {
    return new EtcdWatch(this.#endpoints, this.#config.clock, prefix, fromRevision, sink)
  }

  async grantLease(ttlSeconds: number): Promise<string> {
    const request = { TTL: ttlSeconds }
    const answer = await this.#endpoints.call(LeaseService.LeaseGrant, request, {
      isRepeatable: true,
    })
    return String(answer.ID)
  }

  async compact(revision: number): Promise<void> {
    await this.#endpoints.call(KVService.Compact, { revision }, { isRepeatable: false })
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
    transaction: Init<TxnRequest>,
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

  #transact(transaction: Init<TxnRequest>): Promise<TxnResponse> {
    return this.#endpoints.call(KVService.Txn, transaction, { isRepeatable: false })
  }
}

function unchanged(key: string, modRevision: number): Init<Compare> {
  return { key, target: CompareCompareTarget.MOD, modRevision }
}

function revisionOf({
  header,
}: {
  readonly header?: { readonly revision: number } | undefined
}): number {
  assert(header !== undefined && header.revision > 0, 'an etcd answer carries its revision')
  return header.revision
}

function writeResult(response: TxnResponse): WriteResult {
  const revision = revisionOf(response)
  if (response.succeeded) return { ok: true, revision }
  const [current] = response.responses[0]?.responseRange?.kvs ?? []
  return { ok: false, revision, current: current && keyValue(current) }
}
