import { join } from 'node:path'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import { confStateOf } from '@kemu/raft'
import t from 'tap'
import { temporaryDirectory } from '../testing/test-member.ts'
import { systemDisk } from '../wal/disk.ts'
import { Wal } from '../wal/wal.ts'
import { LogStorage, replaySaves } from './log-storage.ts'
import { RaftHost } from './raft-host.ts'

const founded = { index: 1, term: 1, confState: confStateOf(['a']) }

t.test('a restart knows of all that was committed before the last write', async (t) => {
  const config = {
    directory: join(temporaryDirectory(t), 'wal'),
    segmentBytes: 1 << 20,
    clock: systemClock,
    disk: systemDisk,
  }
  const wal = Wal.create(config, { clusterId: 1n, memberId: 10n })
  const applied: string[] = []
  let wake = (): void => {}
  const host = new RaftHost({
    clock: systemClock,
    logger: silentLogger,
    wal,
    storage: new LogStorage(replaySaves([], founded), () => founded),
    transport: { send: () => [], flush: () => {} },
    consumer: {
      apply(entries) {
        applied.push(...entries.map(({ data }) => Buffer.from(data).toString()))
        wake()
      },
      install: () => t.fail('no snapshot is sent'),
      onSoftState: () => {},
      onTicks: () => {},
    },
    raft: {
      id: 'a',
      applied: 1,
      electionTicks: 10,
      heartbeatTicks: 1,
      random: seededRandom(1),
    },
    tickMs: 1000,
    requestTimeoutMs: 1000,
    firstReadRequest: 0,
    afterTurn: (action) => void setImmediate(action),
  })
  host.campaign()
  for (const text of ['first', 'second']) {
    host.propose(Buffer.from(text), () => t.fail('refused'))
    while (applied.at(-1) !== text) await new Promise<void>((resolve) => (wake = resolve))
  }
  await host.stop()
  wal.close()
  const found = Wal.open(config)
  found.wal.close()
  const memory = replaySaves(found.content.saves, founded)
  // The last entry's own commit is news that nothing was written after.
  t.equal(memory.initialState().hardState.commit, memory.lastIndex() - 1)
})
