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
  'feature-gates': {
    type: 'map',
    help: 'Feature gates of etcd 3.6; see README for what each means here.',
  },
  'experimental-initial-corrupt-check': {
    type: 'boolean',
    help: 'Accepted: every start checks all checksums.',
  },
  'experimental-watch-progress-notify-interval': {
    type: 'duration',
    help: 'The old name of --watch-progress-notify-interval.',
  },
  metrics: { type: 'string', default: 'basic', help: 'basic or extensive.' },
  logger: { type: 'string', default: 'zap', help: 'Accepted; the log is JSON lines.' },
  'log-outputs': {
    type: 'list',
    default: ['default'],
    help: 'Accepted: default, stdout or stderr.',
  },
})
