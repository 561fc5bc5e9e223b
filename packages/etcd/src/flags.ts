import type { FlagSpec } from '@kemu/base'

/** etcd's own variable for each flag: `--data-dir` is ETCD_DATA_DIR. */
function variable(name: string): string {
  return `ETCD_${name.toUpperCase().replaceAll('-', '_')}`
}

type Table = Readonly<Record<string, FlagSpec>>

function withVariables<const T extends Table>(table: T): T {
  const entries = Object.entries(table).map(([name, spec]) => [
    name,
    { ...spec, env: variable(name) },
  ])
  return Object.fromEntries(entries) as T
}

/** Flags as etcd 3.6 spells them, with its defaults. What is not here is refused. */
export const etcdFlags = withVariables({
  name: { type: 'string', default: 'default', help: 'Human-readable name for this member.' },
  'data-dir': { type: 'string', help: 'Path to the data directory (default ${name}.etcd).' },
  'wal-dir': {
    type: 'string',
    help: 'Path to the write-ahead log (default in the data directory).',
  },
  'snapshot-count': {
    type: 'int',
    default: 10_000,
    help: 'Entries to apply before a snapshot to disk; also as many bytes as the state has.',
  },
  'heartbeat-interval': { type: 'int', default: 100, help: 'Heartbeat interval in ms.' },
  'election-timeout': { type: 'int', default: 1000, help: 'Election timeout in ms.' },
  'initial-election-tick-advance': {
    type: 'boolean',
    default: true,
    help: 'Fast-forward election ticks when starting.',
  },
  'listen-peer-urls': {
    type: 'list',
    default: ['http://localhost:2380'],
    help: 'URLs to listen on for other members.',
  },
  'listen-client-urls': {
    type: 'list',
    default: ['http://localhost:2379'],
    help: 'URLs to listen on for clients.',
  },
  'listen-metrics-urls': {
    type: 'list',
    help: 'Additional URLs for the /metrics and /health endpoints.',
  },
  'max-snapshots': { type: 'int', default: 5, help: 'Snapshot files to keep.' },
  'max-wals': {
    type: 'int',
    default: 5,
    help: 'Log files to keep; the log is as short as can be.',
  },
  'max-txn-ops': { type: 'int', default: 128, help: 'Operations in one transaction.' },
  'max-request-bytes': {
    type: 'int',
    default: 1_572_864,
    help: 'Client request size in bytes that the server accepts.',
  },
  'max-learners': { type: 'int', default: 1, help: 'Learners in the cluster.' },
  'quota-backend-bytes': {
    type: 'int',
    default: 0,
    help: 'Raise alarms when the store exceeds this; 0 is 2 GiB.',
  },
  'auto-compaction-mode': { type: 'string', default: 'periodic', help: 'periodic or revision.' },
  'auto-compaction-retention': {
    type: 'string',
    default: '0',
    help: 'A duration (or hours) for periodic, a count for revision; 0 turns it off.',
  },
  'pre-vote': { type: 'boolean', default: true, help: 'Ask before an election.' },
  'strict-reconfig-check': {
    type: 'boolean',
    default: true,
    help: 'Refuse member changes that would cost the quorum.',
  },
  'initial-advertise-peer-urls': {
    type: 'list',
    default: ['http://localhost:2380'],
    help: "This member's peer URLs, for the rest of the cluster.",
  },
  'initial-cluster': { type: 'string', help: 'The founding members: name=url,name=url.' },
  'initial-cluster-state': { type: 'string', default: 'new', help: 'new or existing.' },
  'initial-cluster-token': {
    type: 'string',
    default: 'etcd-cluster',
    help: 'Tells clusters apart that are founded with the same URLs.',
  },
  'force-new-cluster': {
    type: 'boolean',
    help: 'After a lost quorum: go on as a cluster of this member alone.',
  },
  'advertise-client-urls': {
    type: 'list',
    default: ['http://localhost:2379'],
    help: "This member's client URLs, for everybody.",
  },
  'cert-file': { type: 'string', help: 'Certificate for clients.' },
  'key-file': { type: 'string', help: 'Its key.' },
  'client-cert-auth': { type: 'boolean', help: 'Demand certificates of clients.' },
  'trusted-ca-file': { type: 'string', help: 'Authority for client certificates.' },
  'peer-cert-file': { type: 'string', help: 'Certificate between members.' },
  'peer-key-file': { type: 'string', help: 'Its key.' },
  'peer-client-cert-auth': { type: 'boolean', help: 'Demand certificates of members.' },
  'peer-trusted-ca-file': { type: 'string', help: "Authority for members' certificates." },
  'watch-progress-notify-interval': {
    type: 'duration',
    default: '10m',
    help: 'Period of progress notices to watches that ask for them.',
  },
  'tls-min-version': { type: 'string', default: 'TLS1.2', help: 'TLS1.2 or TLS1.3.' },
  'tls-max-version': { type: 'string', help: 'TLS1.2 or TLS1.3 (default: the newest).' },
  cors: {
    type: 'list',
    default: ['*'],
    help: 'Origins that browsers may come from; * is all of them.',
  },
  'enable-grpc-gateway': {
    type: 'boolean',
    default: true,
    help: 'Serve the API as JSON too (POST /v3/kv/range and so on).',
  },
  'auth-token': {
    type: 'string',
    default: 'simple',
    help: 'simple, or jwt,sign-method=M,priv-key=FILE,pub-key=FILE,ttl=DURATION.',
  },
  'auth-token-ttl': { type: 'int', default: 300, help: 'Life of an unused simple token in s.' },
  'bcrypt-cost': {
    type: 'int',
    default: 10,
    help: 'Cost of password digests as a power of two, 4 to 31; they are scrypt here.',
  },
  'feature-gates': {
    type: 'map',
    help: 'Feature gates of etcd 3.6; see README for what each means here.',
  },
  'experimental-initial-corrupt-check': {
    type: 'boolean',
    help: 'The old name of --feature-gates=InitialCorruptCheck=true.',
  },
  'corrupt-check-time': {
    type: 'duration',
    default: '0s',
    help: 'Period in which the leader compares its data with the other members; 0 is never.',
  },
  'experimental-corrupt-check-time': {
    type: 'duration',
    help: 'The old name of --corrupt-check-time.',
  },
  'experimental-compact-hash-check-enabled': {
    type: 'boolean',
    help: 'The old name of --feature-gates=CompactHashCheck=true.',
  },
  'compact-hash-check-time': {
    type: 'duration',
    default: '1m',
    help: 'Period in which the leader compares what compactions left, when CompactHashCheck is on.',
  },
  'experimental-compact-hash-check-time': {
    type: 'duration',
    help: 'The old name of --compact-hash-check-time.',
  },
  'experimental-enable-lease-checkpoint': {
    type: 'boolean',
    help: 'The old name of --feature-gates=LeaseCheckpoint=true.',
  },
  'experimental-enable-lease-checkpoint-persist': {
    type: 'boolean',
    help: 'The old name of --feature-gates=LeaseCheckpointPersist=true.',
  },
  'snapshot-catchup-entries': {
    type: 'int',
    default: 5000,
    help: 'Entries kept behind a snapshot for members that are a little behind.',
  },
  'experimental-snapshot-catchup-entries': {
    type: 'int',
    help: 'The old name of --snapshot-catchup-entries.',
  },
  'experimental-watch-progress-notify-interval': {
    type: 'duration',
    help: 'The old name of --watch-progress-notify-interval.',
  },
  metrics: { type: 'string', default: 'basic', help: 'basic or extensive.' },
  logger: { type: 'string', default: 'zap', help: 'zap: the log is JSON lines.' },
  'log-format': { type: 'string', default: 'json', help: 'json.' },
  'log-outputs': {
    type: 'list',
    default: ['default'],
    help: 'Accepted: default, stdout or stderr.',
  },
})
