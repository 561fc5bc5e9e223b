import type { MetricsRegistry } from '@kemu/base'
import type { Member } from './member/member.ts'

/** Upstream's names for what this member knows of itself. */
export function registerMetrics(registry: MetricsRegistry, member: Member): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gaugeFrom(name, help, read)
  gauge('etcd_server_has_leader', 'Whether or not a leader exists. 1 is existence, 0 is not.', () =>
    member.hasLeader ? 1 : 0,
  )
  gauge(
    'etcd_server_is_leader',
    'Whether or not this member is a leader. 1 if is, 0 otherwise.',
    () => (member.isLeader ? 1 : 0),
  )
  gauge(
    'etcd_server_is_learner',
    'Whether or not this member is a learner. 1 if is, 0 otherwise.',
    () => (member.isLearner ? 1 : 0),
  )
  gauge(
    'etcd_server_proposals_committed_total',
    'The total number of consensus proposals committed.',
    () => member.host.status().committed,
  )
  gauge(
    'etcd_server_proposals_applied_total',
    'The total number of consensus proposals applied.',
    () => member.host.status().applied,
  )
  gauge(
    'etcd_server_proposals_pending',
    'The current number of pending proposals to commit.',
    () => member.pendingCount,
  )
  gauge(
    'etcd_debugging_mvcc_keys_total',
    'Total number of keys.',
    () => member.state.store.keyCount,
  )
  gauge(
    'etcd_debugging_mvcc_current_revision',
    'The current revision of store.',
    () => member.state.store.revision,
  )
  gauge(
    'etcd_debugging_mvcc_compact_revision',
    'The revision of the last compaction in store.',
    () => member.state.store.compactRevision,
  )
  gauge(
    'etcd_debugging_mvcc_watcher_total',
    'Total number of watchers.',
    () => member.hub.watcherCount,
  )
  gauge(
    'etcd_debugging_mvcc_slow_watcher_total',
    'Total number of unsynced slow watchers.',
    () => member.hub.laggingCount,
  )
  gauge(
    'etcd_debugging_lease_granted_total',
    'The number of leases there are.',
    () => member.state.lessor.count,
  )
  gauge(
    'etcd_mvcc_db_total_size_in_bytes',
    'Total size of the underlying database physically allocated in bytes.',
    () => member.state.bytes,
  )
  gauge(
    'etcd_mvcc_db_total_size_in_use_in_bytes',
    'Total size of the underlying database logically in use in bytes.',
    () => member.state.bytes,
  )
}
