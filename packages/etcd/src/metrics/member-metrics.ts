import { openFiles, openFilesMax } from '@kemu/base'
import type { MetricsRegistry } from '@kemu/base'
import { AlarmType } from '@kemu/rpc/etcd-codec'
import { nodeIdOf } from '../cluster/member-id.ts'
import type { EtcdConfig } from '../config.ts'
import { featureGates } from '../feature-gates.ts'
import type { FeatureName } from '../feature-gates.ts'
import type { Member } from '../member/member.ts'
import { clusterVersion, serverVersion } from '../version.ts'

/** Upstream's names and kinds for what this member knows of itself; all of it is read when it is asked for. */
export function registerMetrics(
  registry: MetricsRegistry,
  member: Member,
  config: EtcdConfig,
): void {
  registerServer(registry, member)
  registerConfig(registry, member, config)
  registerStore(registry, member)
  registerLeases(registry, member)
  registry.gaugeFrom('os_fd_used', 'The number of used file descriptors.', openFiles)
  registry.gaugeFrom('os_fd_limit', 'The file descriptor limit.', openFilesMax)
}

function registerServer(registry: MetricsRegistry, member: Member): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gaugeFrom(`etcd_server_${name}`, help, read)
  const counter = (name: string, help: string, read: () => number): void =>
    registry.counterFrom(`etcd_server_${name}`, help, read)
  gauge('has_leader', 'Whether or not a leader exists. 1 is existence, 0 is not.', () =>
    Number(member.hasLeader),
  )
  gauge('is_leader', 'Whether or not this member is a leader. 1 if is, 0 otherwise.', () =>
    Number(member.isLeader),
  )
  gauge('is_learner', 'Whether or not this member is a learner. 1 if is, 0 otherwise.', () =>
    Number(member.isLearner),
  )
  counter(
    'leader_changes_seen_total',
    'The number of leader changes seen.',
    () => member.leaderChanges,
  )
  gauge(
    'proposals_committed_total',
    'The total number of consensus proposals committed.',
    () => member.host.status().committed,
  )
  gauge(
    'proposals_applied_total',
    'The total number of consensus proposals applied.',
    () => member.host.status().applied,
  )
  gauge(
    'proposals_pending',
    'The current number of pending proposals to commit.',
    () => member.pendingCount,
  )
  counter(
    'proposals_failed_total',
    'The total number of failed proposals seen.',
    () => member.failedCount,
  )
  registry.gaugeFrom(
    'etcd_debugging_auth_revision',
    'The current revision of auth store.',
    () => member.state.auth.revision,
  )
  registry.samplesFrom(
    'gauge',
    'etcd_debugging_server_alarms',
    'Alarms for every member in cluster.',
    ['server_id', 'alarm_type'],
    () =>
      member.state.alarms.all().map(({ memberID, alarm }) => ({
        labels: [nodeIdOf(memberID), alarm === AlarmType.NOSPACE ? 'NOSPACE' : 'CORRUPT'],
        value: 1,
      })),
  )
}

function registerConfig(registry: MetricsRegistry, member: Member, config: EtcdConfig): void {
  const one = (name: string, help: string, label: string, read: () => string): void =>
    registry.samplesFrom('gauge', name, help, [label], () => [{ labels: [read()], value: 1 }])
  one('etcd_server_version', 'Which version is running.', 'server_version', () => serverVersion)
  one('etcd_server_id', 'Server or member ID in hexadecimal format.', 'server_id', () =>
    nodeIdOf(member.id),
  )
  one('etcd_cluster_version', 'Which version is running.', 'cluster_version', () =>
    clusterVersion.replace(/\.0$/, ''),
  )
  registry.gaugeFrom(
    'etcd_server_quota_backend_bytes',
    'Current backend storage quota size in bytes.',
    () => config.quotaBytes,
  )
  registry.samplesFrom(
    'gauge',
    'etcd_server_feature_enabled',
    'Whether or not a feature is enabled. 1 is enabled, 0 is not.',
    ['name', 'stage'],
    () =>
      Object.entries(featureGates).map(([name, { stage, here }]) => ({
        labels: [name, stage],
        value: Number(here === 'switch' ? config.features[name as FeatureName] : here === 'always'),
      })),
  )
}

function registerStore(registry: MetricsRegistry, member: Member): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gaugeFrom(`etcd_${name}`, help, read)
  const counter = (name: string, help: string, read: () => number): void =>
    registry.counterFrom(`etcd_${name}`, help, read)
  gauge('debugging_mvcc_keys_total', 'Total number of keys.', () => member.state.store.keyCount)
  gauge(
    'debugging_mvcc_current_revision',
    'The current revision of store.',
    () => member.state.store.revision,
  )
  gauge(
    'debugging_mvcc_compact_revision',
    'The revision of the last compaction in store.',
    () => member.state.store.compactRevision,
  )
  gauge('debugging_mvcc_watcher_total', 'Total number of watchers.', () => member.hub.watcherCount)
  gauge(
    'debugging_mvcc_slow_watcher_total',
    'Total number of unsynced slow watchers.',
    () => member.hub.laggingCount,
  )
  gauge(
    'debugging_mvcc_total_put_size_in_bytes',
    'The total size of put kv pairs seen by this member.',
    () => member.state.store.counts.putBytes,
  )
  counter(
    'mvcc_range_total',
    'Total number of ranges seen by this member.',
    () => member.state.store.counts.ranges,
  )
  counter(
    'mvcc_put_total',
    'Total number of puts seen by this member.',
    () => member.state.store.counts.puts,
  )
  counter(
    'mvcc_delete_total',
    'Total number of deletes seen by this member.',
    () => member.state.store.counts.deletes,
  )
  counter(
    'mvcc_txn_total',
    'Total number of txns seen by this member.',
    () => member.state.store.counts.txns,
  )
  gauge(
    'mvcc_db_total_size_in_bytes',
    'Total size of the underlying database physically allocated in bytes.',
    () => member.state.bytes,
  )
  gauge(
    'mvcc_db_total_size_in_use_in_bytes',
    'Total size of the underlying database logically in use in bytes.',
    () => member.state.bytes,
  )
}

function registerLeases(registry: MetricsRegistry, member: Member): void {
  const counter = (name: string, help: string, read: () => number): void =>
    registry.counterFrom(`etcd_debugging_${name}`, help, read)
  counter(
    'lease_granted_total',
    'The total number of granted leases.',
    () => member.state.lessor.counts.granted,
  )
  counter(
    'lease_revoked_total',
    'The total number of revoked leases.',
    () => member.state.lessor.counts.revoked,
  )
  counter(
    'lease_renewed_total',
    'The number of renewed leases seen by the leader.',
    () => member.state.lessor.counts.renewed,
  )
  counter(
    'server_lease_expired_total',
    'The total number of expired leases.',
    () => member.state.lessor.counts.expired,
  )
}
