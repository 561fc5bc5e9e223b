import { KVService } from '@kemu/rpc/etcd-codec'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Channel } from '../grpc/client.ts'

export interface ChurnOptions {
  readonly keys: number
  readonly overwrites: number
  readonly valueBytes: number
  /** Called every so many overwrites. */
  readonly every: number
  readonly onProgress: (done: number) => void | Promise<void>
}

/** etcd: --max-txn-ops is 128. */
const putsPerTxn = 100
const inFlight = 16

/** Overwrites the same keys again and again, many at a time: each put a new version that the next compaction drops. */
export async function churn(channel: Channel, options: ChurnOptions): Promise<void> {
  const { keys, overwrites, valueBytes, every, onProgress } = options
  const value = 'v'.repeat(valueBytes)
  let next = 0
  let reported = 0
  const writer = async (): Promise<void> => {
    while (next < overwrites) {
      const first = next
      next += putsPerTxn
      const success = Array.from({ length: putsPerTxn }, (_, i) => ({
        requestPut: { key: `key-${(first + i) % keys}`, value },
      }))
      await channel.unary(KVService.Txn, { success })
      if (next - reported < every) continue
      reported = next
      await onProgress(next)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, writer))
}

/** What all files below a directory take; files that go away meanwhile count nothing. */
export function diskBytes(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.size ?? 0), 0)
}
