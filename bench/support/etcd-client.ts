import { systemClock, systemResolver } from '@kemu/base'
import { CompareCompareTarget, KVService, WatchService } from '@kemu/rpc/etcd-codec'
import type { TxnResponse, WatchResponse } from '@kemu/rpc/etcd-codec'
import { dial } from '../../packages/etcd/src/grpc/client.ts'
import type { Channel } from '../../packages/etcd/src/grpc/client.ts'

/** A small client for what etcd-benchmark cannot do. It is the same for both stores, and takes part of the machine. */
export async function connect(endpoint: string): Promise<Channel> {
  const { hostname, port } = new URL(endpoint)
  const target = { host: hostname, port: Number(port), isSecure: false }
  return dial(target, { clock: systemClock, resolve: systemResolver, tls: () => ({}) })
}

/** Connections to all members, each so many times, taken in turn. */
export async function connectAll(
  endpoints: readonly string[],
  count: number,
): Promise<readonly Channel[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) => connect(endpoints[i % endpoints.length]!)),
  )
}

export async function put(channel: Channel, key: string, value: string): Promise<number> {
  const { header } = await channel.unary(KVService.Put, { key, value })
  return header!.revision
}

/** As kube-apiserver creates an object: only when the key is not there. */
export function create(channel: Channel, key: string, value: string): Promise<TxnResponse> {
  return writeIfAt(channel, key, 0, value)
}

/** As kube-apiserver updates an object: only from the revision that it has read, else it wants the newer one. */
export function writeIfAt(
  channel: Channel,
  key: string,
  modRevision: number,
  value: string,
): Promise<TxnResponse> {
  return channel.unary(KVService.Txn, {
    compare: [{ key, target: CompareCompareTarget.MOD, modRevision }],
    success: [{ requestPut: { key, value } }],
    failure: modRevision === 0 ? [] : [{ requestRange: { key } }],
  })
}

/** Watches of `prefix` on one stream; resolves when all of them stand. */
export function watch(
  channel: Channel,
  prefix: string,
  count: number,
  onEvents: (response: WatchResponse) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let created = 0
    const call = channel.stream(WatchService.Watch, {
      onMessage(response) {
        if (!response.created) return onEvents(response)
        created += 1
        if (created === count) resolve()
      },
      onEnd: (error) => reject(error ?? new Error('the watch has ended')),
      onDrain: () => {},
    })
    const key = prefix
    const rangeEnd =
      prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
    for (let i = 0; i < count; i++) call.write({ createRequest: { key, rangeEnd } })
  })
}
