import t from 'tap'
import { formatTime, jobs, pods } from '@kemu/api'
import type { Draft, Job, Pod, PodStatus } from '@kemu/api'
import { ManualClock } from '@kemu/base/testing'
import { eventually } from '@kemu/controller-runtime/testing'
import { Bench } from '../testing/bench.ts'
import { JobController } from './job-controller.ts'

function job(name: string, spec: Partial<Job['spec']> = {}): Draft<Job> {
  const labels = { 'batch.kubernetes.io/job-name': name }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'default' },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] },
      },
      ...spec,
    },
    status: {},
  }
}

async function start(t: { teardown(end: () => Promise<void>): void }) {
  const clock = new ManualClock(Date.parse('2026-11-21T12:00:00Z'))
  const bench = new Bench(clock)
  t.teardown(() => bench.close())
  await bench.run(new JobController(bench.deps))
  const own = bench.client.resource(pods, 'default')
  const all = bench.client.resource(jobs, 'default')
  const list = async (): Promise<Pod[]> => (await own.list()).items
  const active = async (): Promise<Pod[]> =>
    (await list()).filter(({ status }) => status?.phase === undefined || status.phase === 'Pending')
  const end = async (pod: Pod, phase: string, exitCode: number): Promise<void> => {
    const finishedAt = formatTime(clock.now())
    const state = { terminated: { exitCode, finishedAt } }
    const status = { phase, containerStatuses: [{ name: 'main', state }] } as unknown as PodStatus
    await own.updateStatus({ ...(await own.get(pod.metadata.name)), status })
  }
  const succeed = (pod: Pod) => end(pod, 'Succeeded', 0)
  const fail = (pod: Pod, exitCode = 1) => end(pod, 'Failed', exitCode)
  const ended = async (name: string, type: string) => {
    const { conditions } = (await all.get(name)).status
    return conditions?.find((c) => c.type === type && c.status === 'True')
  }
  return { bench, clock, all, list, active, succeed, fail, ended }
}

t.test('a job is complete when enough of its pods have succeeded, each counted once', async (t) => {
  const { bench, all, list, active, succeed, ended } = await start(t)
  await all.create(job('sum', { completions: 5, parallelism: 2 }))
  let most = 0
  while (!(await ended('sum', 'Complete'))) {
    const running = await active()
    most = Math.max(most, running.length)
    for (const pod of running) await succeed(pod)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(most, 2)
  t.match((await all.get('sum')).status, {
    succeeded: 5,
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
    completionTime: '2026-11-21T12:00:00Z',
    conditions: [
      { type: 'SuccessCriteriaMet', reason: 'CompletionsReached' },
      { type: 'Complete', message: 'Reached expected number of succeeded pods' },
    ],
  })
  const made = await list()
  t.equal(made.length, 5)
  t.notOk(made.some(({ metadata }) => (metadata.finalizers ?? []).length > 0))
  t.equal(bench.told.filter(({ reason }) => reason === 'SuccessfulCreate').length, 5)
  t.equal(bench.told.at(-1)?.message, 'Job completed')
})

t.test('a failed pod is replaced after its back-off, until the limit fails the job', async (t) => {
  const { bench, clock, all, list, active, fail, ended } = await start(t)
  await all.create(job('doomed', { backoffLimit: 1 }))
  await eventually(async () => (await active()).length === 1)
  await fail((await active())[0]!)
  await eventually(async () => (await all.get('doomed')).status.failed === 1)
  t.equal((await list()).length, 1, 'the next one waits 10 s')
  clock.advance(10_000)
  await eventually(async () => (await active()).length === 1)
  await fail((await active())[0]!)
  await eventually(async () => (await ended('doomed', 'Failed')) !== undefined)
  t.match((await all.get('doomed')).status, { failed: 2 })
  t.match(bench.told.at(-1), {
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  })
})

t.test('an indexed job gives each index a pod, and says which are done', async (t) => {
  const { all, active, succeed, ended } = await start(t)
  await all.create(job('parts', { completions: 4, parallelism: 4, completionMode: 'Indexed' }))
  await eventually(async () => (await active()).length === 4)
  for (const pod of await active()) {
    const index = pod.metadata.annotations!['batch.kubernetes.io/job-completion-index']
    t.equal(pod.spec.hostname, `parts-${index}`)
    t.match(pod.metadata.name, new RegExp(`^parts-${index}-`))
    t.match(pod.spec.containers[0]!.env, [{ name: 'JOB_COMPLETION_INDEX' }])
    if (index !== '1') await succeed(pod)
  }
  await eventually(async () => (await all.get('parts')).status.completedIndexes === '0,2,3')
  await succeed((await active())[0]!)
  await eventually(async () => (await ended('parts', 'Complete')) !== undefined)
  t.match((await all.get('parts')).status, { succeeded: 4, completedIndexes: '0-3' })
})

t.test('an index that fails too often is given up, and the others go on', async (t) => {
  const { all, active, succeed, fail, ended } = await start(t)
  await all.create(
    job('parts', {
      completions: 2,
      parallelism: 2,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 0,
    }),
  )
  await eventually(async () => (await active()).length === 2)
  const [first, second] = await active()
  await fail(first!)
  await eventually(async () => ((await all.get('parts')).status.failedIndexes ?? '') !== '')
  await succeed(second!)
  await eventually(async () => (await ended('parts', 'Failed')) !== undefined)
  t.match(await ended('parts', 'Failed'), { reason: 'FailedIndexes' })
})

t.test('a pod failure policy fails the job at once', async (t) => {
  const { all, active, fail, ended } = await start(t)
  const onExitCodes = { operator: 'In', values: [42] }
  const podFailurePolicy = { rules: [{ action: 'FailJob', onExitCodes }] }
  await all.create(job('strict', { podFailurePolicy }))
  await eventually(async () => (await active()).length === 1)
  const [pod] = await active()
  await fail(pod!, 42)
  await eventually(async () => (await ended('strict', 'Failed')) !== undefined)
  t.match(await ended('strict', 'Failed'), {
    reason: 'PodFailurePolicy',
    message: `Container main for pod default/${pod!.metadata.name} failed with exit code 42 matching FailJob rule at index 0`,
  })
})

t.test('a suspended job has no pods until it is resumed', async (t) => {
  const { bench, all, list } = await start(t)
  await all.create(job('later', { suspend: true }))
  await eventually(async () => (await all.get('later')).status.conditions !== undefined)
  t.equal((await list()).length, 0)
  t.equal((await all.get('later')).status.startTime, undefined)
  const suspended = await all.get('later')
  await all.update({ ...suspended, spec: { ...suspended.spec, suspend: false } })
  await eventually(async () => (await list()).length === 1)
  await eventually(async () => (await all.get('later')).status.startTime !== undefined)
  t.same(
    bench.told.map(({ reason }) => reason).filter((reason) => !/Create/.test(reason)),
    ['Suspended', 'Resumed'],
  )
})

t.test('a deadline that passes stops the pods', async (t) => {
  const { clock, all, list, active, ended } = await start(t)
  await all.create(job('slow', { activeDeadlineSeconds: 30 }))
  await eventually(async () => (await active()).length === 1)
  await eventually(async () => (await all.get('slow')).status.active === 1)
  clock.advance(30_000)
  await eventually(async () => (await ended('slow', 'Failed')) !== undefined)
  t.match(await ended('slow', 'Failed'), { reason: 'DeadlineExceeded' })
  t.equal((await list()).length, 0)
})
