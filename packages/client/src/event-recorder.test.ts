import t from 'tap'
import { events } from '@kemu/api'
import type { ObjectReference } from '@kemu/api'
import { silentLogger, systemClock } from '@kemu/base'
import { Client } from './client.ts'
import { ApiEventRecorder } from './event-recorder.ts'
import { MemoryTransport } from './memory/index.ts'

const pod: ObjectReference = { kind: 'Pod', namespace: 'default', name: 'web', uid: 'u' }

function setUp() {
  const client = new Client(new MemoryTransport())
  const time = { nowMs: Date.parse('2026-01-01T00:00:00Z') }
  const clock = { ...systemClock, now: () => time.nowMs }
  const recorder = new ApiEventRecorder(
    { component: 'try' },
    { client, clock, logger: silentLogger },
  )
  const tell = async (message: string, times = 1, everyMs = 0): Promise<void> => {
    for (let i = 0; i < times; i++) {
      time.nowMs += everyMs
      recorder.record(pod, 'Warning', 'BackOff', message)
      await recorder.flush()
    }
  }
  const written = async () => (await client.resource(events, 'default').list()).items
  return { tell, written }
}

t.test('counts repeats in one object', async (t) => {
  const { tell, written } = setUp()
  await tell('again', 3, 1_000)
  t.same(
    (await written()).map(({ message, count }) => [message, count]),
    [['again', 3]],
  )
})

t.test('of an event without end one in five minutes still counts after the first 25', async (t) => {
  const { tell, written } = setUp()
  await tell('again', 360, 10_000)
  const [{ count } = { count: 0 }] = await written()
  t.equal(count, 25 + Math.floor(3590 / 300))
})

t.test('ten messages of one reason become one, as long as they come', async (t) => {
  const { tell, written } = setUp()
  for (let i = 0; i < 12; i++) await tell(`message ${i}`, 1, 2 * 60_000)
  const combined = (await written()).filter(({ message }) => message?.startsWith('(combined'))
  t.same(
    combined.map(({ message, count }) => [message, count]),
    [['(combined from similar events): message 11', 3]],
  )
})
