import { parseFlags } from '@kemu/base'
import t from 'tap'
import { parseConfig } from './config.ts'
import type { EtcdConfig } from './config.ts'
import { checkShadowed, unknownVariables } from './environment.ts'
import { etcdFlags } from './flags.ts'

function config(args: readonly string[], env: Record<string, string> = {}): EtcdConfig {
  return parseConfig(parseFlags(etcdFlags, args, env))
}

t.test('a variable stands for its flag, by the name that etcd gives it', async (t) => {
  const { dataDir, autoCompaction, features } = config([], {
    ETCD_DATA_DIR: '/data',
    ETCD_AUTO_COMPACTION_RETENTION: '5m',
    ETCD_EXPERIMENTAL_ENABLE_LEASE_CHECKPOINT: 'true',
  })
  t.equal(dataDir, '/data')
  t.same(autoCompaction, { mode: 'periodic', retentionMs: 300_000 })
  t.ok(features.LeaseCheckpoint)
})

t.test('a flag and its variable at once are refused, a strange variable is named', async (t) => {
  const env = { ETCD_NAME: 'a', ETCD_COLOR: 'red', OTHER: 'x' }
  t.throws(() => checkShadowed(etcdFlags, ['--name=b'], env), /ETCD_NAME is shadowed/)
  checkShadowed(etcdFlags, ['--data-dir', '/data'], env)
  t.same(unknownVariables(etcdFlags, env), ['ETCD_COLOR'])
})

t.test('an unknown flag is refused', async (t) => {
  t.throws(() => config(['--no-such-flag']), /unknown flag: --no-such-flag/)
  t.throws(() => config(['--discovery=http://x']), /unknown flag: --discovery/)
})

t.test('auto-compaction by time, by hours and by count', async (t) => {
  const of = (mode: string, retention: string) =>
    config([`--auto-compaction-mode=${mode}`, `--auto-compaction-retention=${retention}`])
      .autoCompaction
  t.same(of('periodic', '2'), { mode: 'periodic', retentionMs: 7_200_000 })
  t.same(of('periodic', '30s'), { mode: 'periodic', retentionMs: 30_000 })
  t.same(of('revision', '1000'), { mode: 'revision', retention: 1000 })
  t.same(of('periodic', '0'), { mode: 'off' })
  t.throws(() => of('sometimes', '1'), /unknown auto-compaction-mode/)
  t.throws(() => of('revision', '5m'), /invalid auto-compaction-retention/)
})

t.test(
  'gates and their older flags switch the same; what is not emulated is refused',
  async (t) => {
    t.ok(config(['--feature-gates=CompactHashCheck=true']).features.CompactHashCheck)
    t.ok(config(['--experimental-compact-hash-check-enabled']).features.CompactHashCheck)
    t.notOk(config([]).features.InitialCorruptCheck)
    t.throws(() => config(['--feature-gates=SetMemberLocalAddr=true']), /not emulated by kemu/)
    t.throws(() => config(['--feature-gates=NoSuchGate=true']), /unrecognized feature gate/)
    t.throws(() => config(['--log-format=console']), /not emulated by kemu/)
    t.throws(() => config(['--tls-min-version=TLS1.0']), /unexpected TLS version/)
    t.throws(
      () => config(['--tls-min-version=TLS1.3', '--tls-max-version=TLS1.2']),
      /greater than max/,
    )
  },
)
