import { sleep, systemClock } from '@kemu/base'
import { MaintenanceService } from '@kemu/rpc/etcd-codec'
import t from 'tap'
import { churn, diskBytes } from './testing/churn.ts'
import { startTestMember, temporaryDirectory } from './testing/test-member.ts'

const keys = 500
const valueBytes = 256
const stateBytes = keys * (valueBytes + 40)
const generations = 100
const roundsMax = 60
const roundMs = 30_000

t.test('what is overwritten is forgotten: memory and disk come down to the state', async (t) => {
  const directory = temporaryDirectory(t)
  const { server, channel } = await startTestMember(t, {
    directory,
    flags: [
      '--auto-compaction-retention=200ms',
      '--snapshot-count=20',
      '--snapshot-catchup-entries=50',
      '--max-snapshots=2',
    ],
    deps: { sizes: { segmentBytes: 256 << 10, catchUpEntries: 50 } },
  })
  const { store } = server.member.state
  const overwrite = (overwrites: number): Promise<void> =>
    churn(channel, { keys, overwrites, valueBytes, every: overwrites, onProgress: () => {} })
  const isCompactedTo = async (revision: number): Promise<boolean> => {
    const endMs = systemClock.monotonicMs() + roundMs
    while (store.compactRevision < revision) {
      if (systemClock.monotonicMs() > endMs) return false
      await sleep(systemClock, 10)
    }
    return true
  }
  await overwrite(generations * keys)

  // How much is kept amid writes is a matter of the machine's pace. With time to compact between them, all must go.
  const memoryBound = 4 * stateBytes
  const diskBound = 12 * stateBytes
  const isBounded = (): boolean => store.bytes <= memoryBound && diskBytes(directory) <= diskBound
  for (let round = 0; !isBounded() && round < roundsMax; round++) {
    const { revision } = store
    await overwrite(keys)
    if (!(await isCompactedTo(revision))) break
  }
  t.ok(generations * stateBytes > 8 * diskBound, 'far more was written')
  t.ok(store.bytes <= memoryBound, `${store.bytes} bytes in memory, of ${stateBytes} that count`)
  t.ok(diskBytes(directory) <= diskBound, `${diskBytes(directory)} bytes on disk`)
  const { dbSize } = await channel.unary(MaintenanceService.Status, {})
  t.ok(dbSize >= stateBytes, 'the status counts what is there')
  t.equal(dbSize, server.member.state.bytes)
})
