import t from 'tap'
import { cronJobs, formatTime, jobs } from '@kemu/api'
import type { CronJob, Draft, Job } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { eventually } from '@kemu/controller-runtime/testing'
import { TtlAfterFinishedController } from '../job/ttl-after-finished-controller.ts'
import { Bench } from '../testing/bench.ts'
import { CronJobController } from './cron-job-controller.ts'

const minuteMs = 60_000

function cronJob(spec: Partial<CronJob['spec']> = {}): Draft<CronJob> {
  const template = {
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] },
  }
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace: 'default' },
    spec: {
      schedule: '* * * * *',
      timeZone: 'UTC',
      concurrencyPolicy: 'Allow',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: { spec: { template } },
      ...spec,
    },
    status: {},
  }
}

/** The in-memory server writes its own time into what it makes: the clock starts from there. */
async function start(
  t: { teardown(end: () => Promise<void>): void },
  spec: Partial<CronJob['spec']> = {},
) {
  const minute = Math.floor(Date.now() / minuteMs) * minuteMs
  const clock = new ManualClock(minute + 10 * minuteMs)
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  const all = bench.client.resource(cronJobs, 'default')
  const made = bench.client.resource(jobs, 'default')
  const created = await all.create(cronJob(spec))
  // As if the last start had been a moment ago.
  const lastScheduleTime = formatTime(clock.now())
  await all.updateStatus({ ...created, status: { lastScheduleTime } })
  await bench.run(new CronJobController(bench.deps))
  const list = async (): Promise<Job[]> => (await made.list()).items
  const finish = async (name: string): Promise<void> => {
    const job = await made.get(name)
    const now = formatTime(clock.now())
    const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: now }]
    const status = { startTime: now, completionTime: now, conditions }
    await made.updateStatus({ ...job, status })
  }
  /** Lets minutes pass until the condition holds. */
  const pass = (holds: () => Promise<boolean>) =>
    eventually(async () => {
      if (await holds()) return true
      clock.advance(minuteMs)
      for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve))
      return holds()
    })
  return { bench, clock, all, made, list, finish, pass }
}

t.test('each minute starts a job of its own, named after the minute', async (t) => {
  const { bench, all, list, pass } = await start(t)
  await pass(async () => (await list()).length >= 2)
  const [first] = await list()
  const scheduled = first!.metadata.annotations!['batch.kubernetes.io/cronjob-scheduled-timestamp']
  t.equal(first!.metadata.name, `tick-${Date.parse(scheduled!) / minuteMs}`)
  t.match(first!.metadata.ownerReferences, [{ kind: 'CronJob', name: 'tick', controller: true }])
  await pass(async () => ((await all.get('tick')).status.active ?? []).length >= 2)
  t.ok(bench.told.some(({ message }) => message === `Created job ${first!.metadata.name}`))
})

t.test('Forbid starts nothing while a job runs, and goes on after it', async (t) => {
  const { bench, list, finish, pass } = await start(t, { concurrencyPolicy: 'Forbid' })
  const refused = () => bench.told.some(({ reason }) => reason === 'JobAlreadyActive')
  await pass(() => Promise.resolve(refused()))
  t.equal((await list()).length, 1)
  await finish((await list())[0]!.metadata.name)
  await pass(async () => (await list()).length === 2)
})

t.test('Replace deletes the job that runs', async (t) => {
  const { bench, all, list, pass } = await start(t, { concurrencyPolicy: 'Replace' })
  await pass(() => Promise.resolve(bench.told.some(({ reason }) => reason === 'SuccessfulDelete')))
  await pass(async () => (await all.get('tick')).status.active?.length === 1)
  t.equal((await list()).length, 1)
})

t.test('old jobs are cleared away, and the last success is told', async (t) => {
  const { bench, all, list, finish, pass } = await start(t)
  await pass(async () => {
    for (const { metadata, status } of await list())
      if (!status?.completionTime) await finish(metadata.name)
    return bench.told.some(({ reason }) => reason === 'SuccessfulDelete')
  })
  t.ok((await all.get('tick')).status.lastSuccessfulTime)
  t.ok(bench.told.some(({ message }) => /^Saw completed job: .*: Complete$/.test(message)))
})

t.test('a suspended cron job starts nothing', async (t) => {
  const { clock, list } = await start(t, { suspend: true })
  clock.advance(10 * minuteMs)
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  t.equal((await list()).length, 0)
})

t.test('a finished job goes when its time is over', async (t) => {
  const clock = new ManualClock()
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  await bench.run(new TtlAfterFinishedController(bench.deps))
  const all = bench.client.resource(jobs, 'default')
  const { spec } = cronJob().spec.jobTemplate
  const draft = { apiVersion: 'batch/v1', kind: 'Job', status: {} }
  for (const [name, ttlSecondsAfterFinished] of [
    ['short', 30],
    ['long', 3_000],
  ] as const) {
    const metadata = { name, namespace: 'default' }
    const job = await all.create({
      ...draft,
      metadata,
      spec: { ...spec!, ttlSecondsAfterFinished },
    })
    const lastTransitionTime = formatTime(clock.now())
    const conditions = [{ type: 'Failed', status: 'True', lastTransitionTime }]
    await all.updateStatus({ ...job, status: { conditions } })
  }
  await eventually(async () => {
    clock.advance(1_000)
    return (await all.list()).items.length === 1
  })
  t.equal((await all.list()).items[0]!.metadata.name, 'long')
  t.ok(clock.monotonicMs() >= 30_000)
})
