import { KVService } from '@kemu/rpc/etcd-codec'
import type { Client } from './client.ts'

/** Has the past compacted, up to somewhere near the present. */
export async function runCompactor(
  client: Client,
  rounds: number,
  onAsked: (revision: number) => void,
): Promise<void> {
  const { random, name, story } = client.deps
  for (let round = 0; round < rounds; round++) {
    await client.sleep(200 + random.int(800))
    const now = await client.call((channel) =>
      channel.unary(KVService.Range, { key: 'k', countOnly: true }),
    )
    const revision = (now?.header?.revision ?? 0) - random.int(20)
    if (revision <= 1) continue
    onAsked(revision)
    story(`${name}: compact up to ${revision}`)
    await client.call((channel) => channel.unary(KVService.Compact, { revision }))
  }
}
