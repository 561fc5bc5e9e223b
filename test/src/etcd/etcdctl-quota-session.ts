import { eventually } from '../support/eventually.ts'
import { run } from '../support/run.ts'
import { etcdctlEnvironment } from './etcdctl.ts'
import type { Etcdctl } from './etcdctl.ts'

/** A store that is full (the member has a quota of 8 MiB) and is made to take writes again. */
export async function playQuota(ctl: Etcdctl, program: string, endpoint: string): Promise<void> {
  const value = 'x'.repeat(1_000_000)
  await eventually('the store is full', async () => {
    const { stderr } = await run(program, ['put', 'filler'], {
      env: etcdctlEnvironment(endpoint),
      input: value,
    })
    return stderr.includes('database space exceeded') ? true : undefined
  })
  await ctl.run('alarm list')
  await ctl.run('put small x')
  await ctl.run('get small')
  await ctl.run('endpoint health')
  await ctl.run('endpoint status')
  await ctl.run('lease grant 100')
  await ctl.run(['txn'], { input: '\nput small x\n\n\n' })
  await ctl.run(['txn'], { input: '\nget small\n\n\n' })
  await ctl.run('del nothing')
  const { header } = JSON.parse(await ctl.quietly('get small -w json')) as {
    header: { revision: number }
  }
  await ctl.quietly(`compaction ${header.revision} --physical`)
  await ctl.run('defrag')
  await ctl.run('put small x')
  await ctl.run('alarm disarm')
  await ctl.run('alarm list')
  await ctl.run('put small x')
  await ctl.run('get small')
}
