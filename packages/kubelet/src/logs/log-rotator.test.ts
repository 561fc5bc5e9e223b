import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { silentLogger } from '@kemu/base'
import { observed } from '../testing/builders.ts'
import { FakeCri } from '../testing/fake-cri.ts'
import { SettlingClock } from '../testing/settling-clock.ts'
import { LogRotator } from './log-rotator.ts'

t.test('a large log is put aside, earlier ones are packed, the oldest go', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'rotate-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const logPath = join(dir, '0.log')
  const clock = new SettlingClock()
  const cri = new FakeCri(clock)
  const pods = () => [observed([{ logPath }])]
  const rotator = new LogRotator(
    { cri, clock, logger: silentLogger, pods },
    { bytesMax: 10, filesMax: 3 },
  )
  writeFileSync(logPath, 'small')
  await rotator.rotateAll()
  t.same(readdirSync(dir), ['0.log'])
  for (let round = 0; round < 4; round++) {
    appendFileSync(logPath, 'far too much for a log')
    await rotator.rotateAll()
    t.equal(existsSync(logPath), false, 'the runtime opens it anew')
    await clock.advance(1_000)
  }
  t.match(readdirSync(dir).sort(), [/^0\.log\.20260101-00000\d\.gz$/, /^0\.log\.20260101-00000\d$/])
})
