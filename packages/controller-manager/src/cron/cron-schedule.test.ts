import t from 'tap'
import { parseSchedule } from './cron-schedule.ts'
import { LocalTime } from './local-time.ts'

const at = (text: string): number => Date.parse(text)
const shown = (ms: number | undefined): string =>
  ms === undefined ? 'never' : new Date(ms).toISOString().replace('.000', '')

const rows: readonly [schedule: string, after: string, next: string, zone?: string][] = [
  ['* * * * *', '2026-11-21T12:00:30Z', '2026-11-21T12:01:00Z'],
  ['*/15 * * * *', '2026-11-21T12:50:00Z', '2026-11-21T13:00:00Z'],
  ['5/20 * * * *', '2026-11-21T12:30:00Z', '2026-11-21T12:45:00Z'],
  ['0 9-17 * * MON-FRI', '2026-11-20T17:00:00Z', '2026-11-23T09:00:00Z'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['0 0 31 2 *', '2026-01-01T00:00:00Z', 'never'],
  ['0 12 13 * 5', '2026-11-21T00:00:00Z', '2026-11-27T12:00:00Z'],
  ['@hourly', '2026-11-21T12:00:00Z', '2026-11-21T13:00:00Z'],
  ['@weekly', '2026-11-21T12:00:00Z', '2026-11-22T00:00:00Z'],
  ['@every 90s', '2026-11-21T12:00:00Z', '2026-11-21T12:01:30Z'],
  ['30 2 * * *', '2026-03-29T00:00:00Z', '2026-03-30T00:30:00Z', 'Europe/Berlin'],
  ['30 2 * * *', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z', 'Europe/Berlin'],
  ['TZ=Asia/Tokyo 0 9 * * *', '2026-11-21T12:00:00Z', '2026-11-22T00:00:00Z', 'UTC'],
  ['0 0 1 jan ?', '2026-11-21T12:00:00Z', '2027-01-01T00:00:00Z'],
]
for (const [schedule, after, next, zone] of rows)
  t.test(`${schedule} after ${after} is due ${next}`, async (t) =>
    t.equal(shown(parseSchedule(schedule, zone ?? 'UTC').next(at(after))), next),
  )

t.test('a time is written with the offset of its zone', async (t) => {
  t.equal(new LocalTime('UTC').format(at('2026-11-21T12:00:00Z')), '2026-11-21T12:00:00Z')
  t.equal(
    new LocalTime('America/St_Johns').format(at('2026-11-21T12:00:00Z')),
    '2026-11-21T08:30:00-03:30',
  )
})

t.test(
  'the first of two equal local times counts, one that the clocks skip does not',
  async (t) => {
    const berlin = new LocalTime('Europe/Berlin')
    t.equal(shown(berlin.toEpochMs(at('2026-10-25T02:30:00Z'))), '2026-10-25T00:30:00Z')
    t.equal(berlin.toEpochMs(at('2026-03-29T02:30:00Z')), undefined)
  },
)
