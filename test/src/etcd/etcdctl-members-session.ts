import { eventually } from '../support/eventually.ts'
import type { EtcdGroup } from './etcd-group.ts'
import type { Etcdctl } from './etcdctl.ts'

/**
 * What etcdctl does with members: a cluster of three whose first member leads. The group has two more members, which
 * do not run yet.
 */
export async function playMembers(ctl: Etcdctl, group: EtcdGroup): Promise<void> {
  const [m1, m2, m3, m4] = group.members
  const founders = [m1!, m2!, m3!]
  const all = { endpoints: founders.map(({ endpoint }) => endpoint).join(',') }
  const at = ({ endpoint }: { endpoint: string }) => ({ endpoints: endpoint })
  const ids = new Map<string, string>()
  for (const line of (await ctl.quietly('member list', all)).trim().split('\n')) {
    const [id, , name] = line.split(', ')
    ids.set(name!, id!)
  }
  await lead(ctl, group, ids.get('m1')!)
  for (const w of ['simple', 'json', 'fields', 'table'] as const) {
    await ctl.run(`member list -w ${w}`, at(m1!))
    await ctl.run(`endpoint status -w ${w}`, all)
    await ctl.run(`endpoint status --cluster -w ${w}`, at(m1!))
    await ctl.run(`endpoint hashkv -w ${w}`, all)
  }
  await ctl.run('endpoint health', { ...all, isSorted: true })
  await ctl.run('endpoint health --cluster', { ...at(m2!), isSorted: true })
  await ctl.run('defrag', all)
  await ctl.run('defrag --cluster', { ...at(m2!), isSorted: true })
  await ctl.run(`move-leader ${ids.get('m2')}`, at(m3!))
  await ctl.run(`move-leader ${ids.get('m2')}`, at(m1!))
  await lead(ctl, group, ids.get('m1')!)
  await ctl.run(`move-leader ${ids.get('m3')}`, all)
  await lead(ctl, group, ids.get('m1')!)

  // etcd changes its members only when all have been connected for five seconds.
  const added = await eventually(
    'a learner may be added',
    async () =>
      /Member +(\w+) added/.exec(
        await ctl.quietly(`member add m4 --peer-urls=${m4!.peerUrl} --learner`, at(m1!)),
      )?.[1],
  )
  await ctl.run(`member promote ${ids.get('m2')}`, at(m1!))
  await ctl.run('member promote 1234567890abcdef', at(m1!))
  await ctl.run('member promote xyz', at(m1!))
  await ctl.run('member remove 1234567890abcdef', at(m1!))
  await ctl.run('member update 1234567890abcdef --peer-urls=http://127.0.0.1:1', at(m1!))
  await ctl.run(`member update ${ids.get('m2')} --peer-urls=${m1!.peerUrl}`, at(m1!))
  await ctl.run('member add', at(m1!))
  await ctl.run('member add m4', at(m1!))
  await ctl.run(`member add m4 --peer-urls=${m1!.peerUrl}`, at(m1!))
  await ctl.run('member add m4 --peer-urls=nonsense', at(m1!))

  await ctl.run(`member add m5 --peer-urls=http://127.0.0.1:1 --learner`, at(m1!))
  await ctl.run('member list', { ...at(m1!), isSorted: true })
  await ctl.run(`member promote ${added}`, at(m1!))
  await ctl.run(`move-leader ${added}`, at(m1!))
  group.run(m4!, [...founders, m4!], ['--initial-cluster-state=existing'])
  await eventually('the learner serves', () =>
    ctl.quietly('get x --consistency=s', at(m4!)).then(() => true),
  )
  await ctl.run('get x', at(m4!))
  await ctl.run('put x y', at(m4!))
  await ctl.run('member list', at(m4!))
  await eventually('the learner is promoted', () =>
    ctl.quietly(`member promote ${added}`, at(m1!)).then(() => true),
  )
  await ctl.run('member list', { ...at(m1!), isSorted: true })
  await ctl.run('get x', at(m4!))
  await ctl.run(`member remove ${added}`, at(m1!))
  await group.exit(m4!)
  await ctl.run('member list', at(m1!))
  await ctl.run(`member remove ${added}`, at(m1!))
}

/** Makes this member lead, whoever does now. */
async function lead(ctl: Etcdctl, group: EtcdGroup, id: string): Promise<void> {
  await eventually('the wanted member leads', async () => {
    for (const { endpoint } of group.members.slice(0, 3)) {
      const [, own, , , ...rest] = (
        await ctl.quietly('endpoint status', { endpoints: endpoint })
      ).split(', ')
      const isLeader = rest.find((word) => word === 'true' || word === 'false') === 'true'
      if (!isLeader) continue
      if (own === id) return true
      await ctl.quietly(`move-leader ${id}`, { endpoints: endpoint })
    }
    return undefined
  })
}
