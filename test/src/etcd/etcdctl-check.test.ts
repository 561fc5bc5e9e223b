import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { findProgram, needs } from '../support/programs.ts'
import { run, succeed } from '../support/run.ts'
import type { Outcome } from '../support/run.ts'
import { EtcdGroup, freePorts, kemuEtcd } from './etcd-group.ts'
import type { EtcdProgram } from './etcd-group.ts'
import { etcdctlEnvironment } from './etcdctl.ts'

const skip = needs('etcd', 'etcdctl')

async function check(t: Test, program: EtcdProgram): Promise<Outcome[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kemu-etcdctl-check-'))
  const group = new EtcdGroup({ program, directory, ports: await freePorts(1) }).start()
  t.teardown(async () => {
    await group.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const etcdctl = findProgram('etcdctl')!
  const env = etcdctlEnvironment(group.endpoints)
  await eventually('etcd answers', () =>
    succeed(etcdctl, ['endpoint', 'health'], { env }).then(() => true),
  )
  // `perf` writes for a minute, whatever the load.
  const perf = await run(etcdctl, ['check', 'perf', '--load=s'], { env })
  const scale = await run(etcdctl, ['check', 'datascale', '--load=s'], { env })
  return [perf, scale]
}

/** Which checks were made. How fast is fast enough is a matter of the machine and of its other work. */
function checks({ stdout }: Outcome): string[] {
  const names = /Throughput|Slowest request|Stddev|Approximate system memory used|ERROR|errors/g
  return [...stdout.matchAll(names)].map(([name]) => name)
}

t.test(
  'check perf and check datascale come to their end as on a real etcd',
  { skip },
  async (t) => {
    const real = { command: findProgram('etcd')!, args: [] }
    const [theirs, ours] = await Promise.all([check(t, real), check(t, kemuEtcd)])
    for (const [i, outcome] of theirs.entries()) {
      t.ok(checks(outcome).length > 0, 'there is something to compare')
      t.same(checks(ours[i]!), checks(outcome), ours[i]!.stdout)
    }
    t.match(ours[1]!.stdout, 'PASS: Approximate system memory used')
  },
)
