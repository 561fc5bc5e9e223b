import type { KeyValue as KeyValueMessage } from '@kemu/rpc/etcd-codec'
import type { KeyValue } from './key-value-store.ts'

/** In etcd's messages bytes are strings, one character a byte. */
export function keyValue({ key, value, modRevision }: KeyValueMessage): KeyValue {
  return { key, value: Buffer.from(value, 'latin1'), modRevision }
}
