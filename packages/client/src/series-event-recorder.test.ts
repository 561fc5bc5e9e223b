import t from 'tap'
import { eventsEvents } from '@kemu/api'
import type { Pod } from '@kemu/api'
import { silentLogger, systemClock } from '@kemu/base'
import { Client } from './client.ts'
import { MemoryTransport } from './memory/index.ts'
import { SeriesEventRecorder } from './series-event-recorder.ts'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '1' },
} as Pod

function setUp(startMs: number) {
  const client = new Client(new MemoryTransport())
  const time = { nowMs: startMs }
  const clock = Object.assign(Object.create(systemClock) as typeof systemClock, {
    now: () => time.nowMs,
  })
  const reporter = { controller: 'default-scheduler', instance: 'default-scheduler-master' }
  const recorder = new SeriesEventRecorder(reporter, { client, clock, logger: silentLogger })
  const fail = (note: string, regarding = pod): void =>
    recorder.record({
      regarding,
      type: 'Warning',
      reason: 'FailedScheduling',
      action: 'Scheduling',
      note,
    })
  const written = async () => {
    await recorder.flush()
    return (await client.resource(eventsEvents, 'default').list()).items
  }
  return { time, fail, written }
}

t.test('the second of its like makes a series of the first', async (t) => {
  const { time, fail, written } = setUp(1_000_000)
  fail('no room')
  t.match(await written(), [
    {
      note: 'no room',
      action: 'Scheduling',
      eventTime: '1970-01-01T00:16:40.000000Z',
      reportingInstance: 'default-scheduler-master',
      regarding: { kind: 'Pod', name: 'a', uid: 'u' },
    },
  ])
  time.nowMs += 1000
  fail('still no room')
  fail('still no room')
  const [only, ...others] = await written()
  t.same(others, [])
  t.equal(only!.note, 'no room', 'the note is no part of what makes them alike')
  t.same(only!.series, { count: 2, lastObservedTime: '1970-01-01T00:16:41.000000Z' })
})

t.test('after six silent minutes the count is written, and the next is a new event', async (t) => {
  const { time, fail, written } = setUp(1_000_000)
  for (let i = 0; i < 5; i++) fail('no room')
  time.nowMs += 6 * 60_000
  fail('no room')
  const events = await written()
  const counts = events.map(({ series }) => series?.count ?? 0)
  t.same(
    counts.sort((a, b) => a - b),
    [0, 5],
  )
})

t.test('an object that changed is another one', async (t) => {
  const { fail, written } = setUp(1_000_000)
  fail('no room')
  fail('no room', { ...pod, metadata: { ...pod.metadata, resourceVersion: '2' } })
  t.equal((await written()).length, 2)
})
