import { FlagError, parseDuration } from '@kemu/base'
import type { Flags } from '@kemu/base'
import { join } from 'node:path'
import type { etcdFlags } from './flags.ts'
import { parseUrl } from './listen-url.ts'
import type { ListenUrl } from './listen-url.ts'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string | undefined
  readonly requireClientCertificate: boolean
}

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
  readonly token: string
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
}

/** etcd: DefaultQuotaBytes. */
const defaultQuotaBytes = 2 * 1024 ** 3
/** etcd: minWatchProgressInterval. */
const progressIntervalMsMin = 100

/** Gates of etcd 3.6; each names what it means here. Turning one on that we lack is refused. */
const featureGates: Readonly<Record<string, 'always' | 'never'>> = {
  InitialCorruptCheck: 'always',
  CompactHashCheck: 'never',
  LeaseCheckpoint: 'never',
  LeaseCheckpointPersist: 'never',
  SetMemberLocalAddr: 'never',
  StopGRPCServiceOnDefrag: 'never',
  TxnModeWriteWithSharedBuffer: 'always',
}

/** Turns flags into a configuration; throws a FlagError that says what does not fit. */
export function parseConfig(flags: Flags<typeof etcdFlags>): EtcdConfig {
  const name = flags.name
  const dataDir = flags['data-dir'] ?? `${name}.etcd`
  checkGates(flags['feature-gates'])
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
    }),
    peerTls: tlsFiles(
      'peer-',
      flags['peer-cert-file'],
      flags['peer-key-file'],
      flags['peer-trusted-ca-file'],
      { requireClientCertificate: flags['peer-client-cert-auth'] },
    ),
    initialCluster,
    initialClusterState: state,
    token: flags['initial-cluster-token'],
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
  }
}

function checkGates(gates: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(gates)) {
    const here = featureGates[name]
    if (!here) throw new FlagError(`unrecognized feature gate: ${name}`)
    if (value !== 'true' && value !== 'false') {
      throw new FlagError(`invalid value of ${name}=${value}, err: must be true or false`)
    }
    if (here === 'never' && value === 'true') {
      throw new FlagError(`feature gate ${name} is not emulated by kemu`)
    }
  }
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
  { requireClientCertificate }: { requireClientCertificate: boolean },
): TlsFiles | undefined {
  if (!certFile && !keyFile) return undefined
  if (!certFile || !keyFile) {
    throw new FlagError(`--${prefix}cert-file and --${prefix}key-file must both be given`)
  }
  if (requireClientCertificate && !caFile) {
    throw new FlagError(`--${prefix}client-cert-auth needs --${prefix}trusted-ca-file`)
  }
  return { certFile, keyFile, caFile, requireClientCertificate }
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
