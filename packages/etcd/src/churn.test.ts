import { join } from 'node:path'
import { MaintenanceService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import { churn, diskBytes } from './testing/churn.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'

const keys = 500
const valueBytes = 256
const overwrites = 60_000

t.test('memory and disk stay bounded while the same keys are overwritten', async (t) => {
  const directory = temporaryDirectory(t)
  const { server, channel } = await startTestMember(t, {
    directory,
    flags: [
      '--auto-compaction-retention=200ms',
      '--snapshot-count=50',
      '--snapshot-catchup-entries=50',
      '--max-snapshots=2',
    ],
    deps: { sizes: { segmentBytes: 256 << 10, catchUpEntries: 50 } },
  })
  const { store } = server.member.state
  const stateBytes = keys * (valueBytes + 40)
  let mostBytes = 0
  let mostDiskBytes = 0
  await churn(channel, {
    keys,
    overwrites,
    valueBytes,
    every: 1000,
    onProgress() {
      mostBytes = Math.max(mostBytes, store.bytes)
      mostDiskBytes = Math.max(mostDiskBytes, diskBytes(directory))
    },
  })
  const written = overwrites * valueBytes
  t.ok(store.compactRevision > 1, 'it compacted by itself')
  t.ok(mostBytes < (written * 3) / 4, `${mostBytes} bytes in memory at most of ${written} written`)
  t.ok(mostDiskBytes < written, `${mostDiskBytes} bytes on disk at most of ${written} written`)
  // It compacts by itself, so what is there may change between the two looks.
  let before: number
  let dbSize: number
  do {
    before = server.member.state.bytes
    dbSize = (await channel.unary(MaintenanceService.Status, {})).dbSize
  } while (before !== server.member.state.bytes)
  t.ok(dbSize >= stateBytes, 'the status counts what is there')
  t.equal(dbSize, before)
  t.ok(diskBytes(join(directory, 'member/snap')) > 0)
})
