import type { LeasePromises } from '../checkers/lease-promises.ts'
import type { KvOperation } from '../checkers/operation.ts'
import type { WatchRecord } from '../checkers/watch-properties.ts'
import type { Client } from './client.ts'
import { runCompactor } from './compact-client.ts'
import { runKvClient } from './kv-client.ts'
import { runLeaseClient } from './lease-client.ts'
import { runWatchClient } from './watch-client.ts'

export interface ClientPlan {
  readonly kind: 'kv' | 'watch' | 'lease' | 'compact'
  readonly name: string
  /** How often it does its thing. */
  readonly rounds: number
}

/** All that clients have asked and seen. */
export interface Observations {
  readonly operations: KvOperation[]
  readonly watches: WatchRecord[]
  readonly leases: LeasePromises
  /** The highest revision up to which compaction was asked for. */
  compactedUpTo: number
}

/** Runs one client until its rounds are done. */
export function runClient(
  client: Client,
  { kind, rounds }: ClientPlan,
  seen: Observations,
): Promise<void> {
  switch (kind) {
    case 'kv':
      return runKvClient(client, rounds, seen.operations)
    case 'watch':
      return runWatchClient(client, rounds, seen.watches)
    case 'lease':
      return runLeaseClient(client, rounds, seen.leases, seen.operations)
    case 'compact':
      return runCompactor(client, rounds, (revision) => {
        seen.compactedUpTo = Math.max(seen.compactedUpTo, revision)
      })
  }
}
