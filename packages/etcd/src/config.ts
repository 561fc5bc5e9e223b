import { FlagError, parseDuration } from '@kemu/base'
import type { Flags } from '@kemu/base'
import { join } from 'node:path'
import { parseTokenConfig } from './auth/token-config.ts'
import type { TokenConfig } from './auth/token-config.ts'
import { parseFeatures } from './feature-gates.ts'
import type { Features } from './feature-gates.ts'
import type { etcdFlags } from './flags.ts'
import { parseUrl } from './listen-url.ts'
import type { ListenUrl } from './listen-url.ts'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string | undefined
  readonly requireClientCertificate: boolean
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

export type AutoCompaction =
  | { readonly mode: 'off' }
  | { readonly mode: 'periodic'; readonly retentionMs: number }
  | { readonly mode: 'revision'; readonly retention: number }

/** A member as its flags describe it. */
export interface EtcdConfig {
  readonly name: string
  readonly dataDir: string
  readonly walDir: string
  readonly snapshotDir: string
  readonly clientUrls: readonly ListenUrl[]
  readonly peerUrls: readonly ListenUrl[]
  readonly metricsUrls: readonly ListenUrl[]
  readonly advertiseClientUrls: readonly string[]
  readonly clientTls: TlsFiles | undefined
  readonly peerTls: TlsFiles | undefined
  /** Founding members: name and peer URLs. */
  readonly initialCluster: ReadonlyMap<string, readonly string[]>
  readonly initialClusterState: 'new' | 'existing'
  readonly clusterToken: string
  /** --force-new-cluster: go on alone with what is here. */
  readonly forcesNewCluster: boolean
  readonly tickMs: number
  readonly electionTicks: number
  readonly advanceElection: boolean
  readonly preVote: boolean
  readonly strictReconfigCheck: boolean
  readonly snapshotCount: number
  readonly snapshotsMax: number
  readonly quotaBytes: number
  readonly txnOpsMax: number
  readonly requestBytesMax: number
  readonly learnersMax: number
  readonly progressIntervalMs: number
  readonly autoCompaction: AutoCompaction
  readonly features: Features
  readonly token: TokenConfig
  /** Digests take 2 to this power rounds (of a scale of their own). */
  readonly passwordCost: number
  /** Between two comparisons of the members' data; 0 is never. */
  readonly corruptCheckMs: number
  readonly compactHashCheckMs: number
  /** Entries that stay in memory behind the newest, for followers that are a little behind. */
  readonly catchUpEntries: number
  readonly corsOrigins: readonly string[]
  /** --enable-grpc-gateway */
  readonly hasJsonGateway: boolean
}

/** etcd: DefaultQuotaBytes. */
const defaultQuotaBytes = 2 * 1024 ** 3
/** etcd: minWatchProgressInterval. */
const progressIntervalMsMin = 100

/** Turns flags into a configuration; throws a FlagError that says what does not fit. */
export function parseConfig(flags: Flags<typeof etcdFlags>): EtcdConfig {
  const name = flags.name
  const versions = tlsVersions(flags)
  const dataDir = flags['data-dir'] ?? `${name}.etcd`
  checkLogging(flags)
  const tickMs = flags['heartbeat-interval']
  const electionMs = flags['election-timeout']
  if (tickMs <= 0) throw new FlagError('--heartbeat-interval must be >0')
  if (electionMs < 5 * tickMs) {
    throw new FlagError(
      `--election-timeout[${electionMs}ms] should be at least as 5 times as --heartbeat-interval[${tickMs}ms]`,
    )
  }
  if (electionMs > 50_000) throw new FlagError('--election-timeout should be less than 50000ms')
  const advertisePeerUrls = flags['initial-advertise-peer-urls']
  const initialCluster = parseCluster(
    flags['initial-cluster'] ?? advertisePeerUrls.map((url) => `${name}=${url}`).join(','),
  )
  const state = flags['initial-cluster-state']
  if (state !== 'new' && state !== 'existing') {
    throw new FlagError(`--initial-cluster-state must be new or existing, not ${state}`)
  }
  if (!initialCluster.has(name)) {
    throw new FlagError(`couldn't find local name "${name}" in the initial cluster configuration`)
  }
  return {
    name,
    dataDir,
    walDir: flags['wal-dir'] ?? join(dataDir, 'member/wal'),
    snapshotDir: join(dataDir, 'member/snap'),
    clientUrls: flags['listen-client-urls'].map(parseUrl),
    peerUrls: flags['listen-peer-urls'].map(parseUrl),
    metricsUrls: flags['listen-metrics-urls'].map(parseUrl),
    advertiseClientUrls: flags['advertise-client-urls'],
    clientTls: tlsFiles('', flags['cert-file'], flags['key-file'], flags['trusted-ca-file'], {
      requireClientCertificate: flags['client-cert-auth'],
      ...versions,
    }),
    peerTls: tlsFiles(
      'peer-',
      flags['peer-cert-file'],
      flags['peer-key-file'],
      flags['peer-trusted-ca-file'],
      { requireClientCertificate: flags['peer-client-cert-auth'], ...versions },
    ),
    initialCluster,
    initialClusterState: state,
    clusterToken: flags['initial-cluster-token'],
    forcesNewCluster: flags['force-new-cluster'],
    tickMs,
    electionTicks: Math.round(electionMs / tickMs),
    advanceElection: flags['initial-election-tick-advance'],
    preVote: flags['pre-vote'],
    strictReconfigCheck: flags['strict-reconfig-check'],
    snapshotCount: Math.max(1, flags['snapshot-count']),
    snapshotsMax: Math.max(1, flags['max-snapshots']),
    quotaBytes: flags['quota-backend-bytes'] > 0 ? flags['quota-backend-bytes'] : defaultQuotaBytes,
    txnOpsMax: flags['max-txn-ops'],
    requestBytesMax: flags['max-request-bytes'],
    learnersMax: flags['max-learners'],
    progressIntervalMs: Math.max(
      progressIntervalMsMin,
      flags['experimental-watch-progress-notify-interval'] ??
        flags['watch-progress-notify-interval'],
    ),
    autoCompaction: parseAutoCompaction(
      flags['auto-compaction-mode'],
      flags['auto-compaction-retention'],
    ),
    features: parseFeatures(flags),
    token: parseTokenConfig(flags['auth-token'], flags['auth-token-ttl']),
    passwordCost: parseCost(flags['bcrypt-cost']),
    corruptCheckMs: flags['experimental-corrupt-check-time'] ?? flags['corrupt-check-time'],
    compactHashCheckMs: parseHashCheck(
      flags['experimental-compact-hash-check-time'] ?? flags['compact-hash-check-time'],
    ),
    catchUpEntries:
      flags['experimental-snapshot-catchup-entries'] ?? flags['snapshot-catchup-entries'],
    hasJsonGateway: flags['enable-grpc-gateway'],
    corsOrigins: flags.cors,
  }
}

function checkLogging(flags: Flags<typeof etcdFlags>): void {
  const { logger, metrics } = flags
  if (logger !== 'zap') throw new FlagError(`unknown logger option "${logger}"`)
  if (flags['log-format'] !== 'json') {
    throw new FlagError(
      `--log-format ${flags['log-format']} is not emulated by kemu: the log is JSON`,
    )
  }
  if (metrics !== 'basic' && metrics !== 'extensive') {
    throw new FlagError(`--metrics must be basic or extensive, not ${metrics}`)
  }
}

/** bcrypt.MinCost, MaxCost and DefaultCost; etcd takes the default for what is out of bounds. */
function parseCost(cost: number): number {
  return cost >= 4 && cost <= 31 ? cost : 10
}

function parseHashCheck(periodMs: number): number {
  if (periodMs <= 0) throw new FlagError('--compact-hash-check-time must be >0 (set to 0s)')
  return periodMs
}

function parseTlsVersion(flag: string, text: string): TlsVersion {
  if (text === 'TLS1.2') return 'TLSv1.2'
  if (text === 'TLS1.3') return 'TLSv1.3'
  throw new FlagError(
    `--${flag}: unexpected TLS version "${text}" (must be one of: TLS1.2, TLS1.3)`,
  )
}

function tlsVersions(flags: Flags<typeof etcdFlags>): Pick<TlsFiles, 'minVersion' | 'maxVersion'> {
  const minVersion = parseTlsVersion('tls-min-version', flags['tls-min-version'])
  const maxVersion = parseTlsVersion('tls-max-version', flags['tls-max-version'] ?? 'TLS1.3')
  if (minVersion > maxVersion) {
    throw new FlagError(`min version (${minVersion}) is greater than max version (${maxVersion})`)
  }
  return { minVersion, maxVersion }
}

function parseCluster(text: string): Map<string, string[]> {
  const members = new Map<string, string[]>()
  for (const pair of text.split(',').filter((part) => part !== '')) {
    const at = pair.indexOf('=')
    if (at <= 0) throw new FlagError(`--initial-cluster: "${pair}" is not name=url`)
    const name = pair.slice(0, at)
    const url = pair.slice(at + 1)
    parseUrl(url)
    members.set(name, [...(members.get(name) ?? []), url])
  }
  return members
}

function tlsFiles(
  prefix: string,
  certFile: string | undefined,
  keyFile: string | undefined,
  caFile: string | undefined,
  rules: Omit<TlsFiles, 'certFile' | 'keyFile' | 'caFile'>,
): TlsFiles | undefined {
  if (!certFile && !keyFile) return undefined
  if (!certFile || !keyFile) {
    throw new FlagError(`--${prefix}cert-file and --${prefix}key-file must both be given`)
  }
  if (rules.requireClientCertificate && !caFile) {
    throw new FlagError(`--${prefix}client-cert-auth needs --${prefix}trusted-ca-file`)
  }
  return { certFile, keyFile, caFile, ...rules }
}

function parseAutoCompaction(mode: string, retention: string): AutoCompaction {
  if (mode !== 'periodic' && mode !== 'revision') {
    throw new FlagError(`unknown auto-compaction-mode "${mode}"`)
  }
  const isCount = /^\d+$/.test(retention)
  if (isCount && Number(retention) === 0) return { mode: 'off' }
  if (mode === 'revision') {
    if (!isCount) throw new FlagError(`invalid auto-compaction-retention "${retention}"`)
    return { mode, retention: Number(retention) }
  }
  // A bare number means hours.
  const retentionMs = isCount ? Number(retention) * 3_600_000 : parseDuration(retention)
  if (retentionMs === undefined) {
    throw new FlagError(`invalid auto-compaction-retention "${retention}"`)
  }
  return retentionMs <= 0 ? { mode: 'off' } : { mode, retentionMs }
}
