// Memory and disk under churn: the same keys overwritten again and again, with auto-compaction.
//   npm run bench -- churn [OVERWRITES] [KEYS]       by default 10 million overwrites of 100,000 keys, 256 bytes each
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MaintenanceService } from '@kemu/rpc/etcd-codec'
import { churn, diskBytes } from '../packages/etcd/src/testing/churn.ts'
import { freePorts } from '../packages/base/src/testing/free-ports.ts'
import { connectTo } from '../packages/etcd/src/testing/test-member.ts'
import { machineLine } from './support/figures.ts'

const root = process.env['KEMU_ROOT']!
const [overwrites = '10000000', keys = '100000'] = process.argv.slice(2)
const [client, peer] = await freePorts(2)
const directory = mkdtempSync(join(tmpdir(), 'kemu-churn-'))
const member = spawn(
  process.execPath,
  [
    join(root, 'packages/cli/bin/kemu.cjs'),
    'etcd',
    `--data-dir=${join(directory, 'data')}`,
    `--listen-client-urls=http://127.0.0.1:${client}`,
    `--advertise-client-urls=http://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-cluster=default=http://127.0.0.1:${peer}`,
    '--auto-compaction-retention=5s',
  ],
  { stdio: 'ignore' },
)
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
const residentBytes = (): number =>
  Number(readFileSync(`/proc/${member.pid}/statm`, 'utf8').split(' ')[1]) * 4096
try {
  console.log(machineLine())
  console.log('overwrites   memory   disk   dbSize')
  const channel = await connected()
  const startMs = performance.now()
  await churn(channel, {
    keys: Number(keys),
    overwrites: Number(overwrites),
    valueBytes: 256,
    every: Number(overwrites) / 20,
    async onProgress(done) {
      const { dbSize } = await channel.unary(MaintenanceService.Status, {})
      const sizes = [residentBytes(), diskBytes(directory), dbSize].map(megabytes)
      console.log([done, ...sizes].join('   '))
    },
  })
  console.log(`${((performance.now() - startMs) / 1000).toFixed(0)} s`)
  channel.close()
} finally {
  member.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
}

async function connected(): ReturnType<typeof connectTo> {
  for (;;) {
    try {
      return await connectTo(client!)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
