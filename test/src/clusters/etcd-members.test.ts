import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { needs } from '../support/programs.ts'

const skip = needs('kubectl')
const rounds = 10

/** The pid of etcd on a host, from `kemu status`. */
async function etcdPid(cluster: TestCluster, host: string): Promise<number | undefined> {
  const { stdout } = await cluster.kemu('status')
  const row = stdout
    .split('\n')
    .map((line) => line.split(/ {2,}/))
    .find((cells) => cells[0] === host && cells[1] === 'etcd')
  return row && Number(row[2])
}

t.test(
  'three members of etcd: kill -9 of the leader under writes, ten times, loses no acknowledged write',
  { skip },
  async (t) => {
    // A static pod that is killed ten times waits ever longer, up to five minutes, unless the kubelet is told otherwise.
    const restartSoon = 'kubelet:crashLoopBackOff={maxContainerRestartPeriod: 1s}'
    const args = ['--etcd-members', '3', '--extra-arg', restartSoon]
    const cluster = await TestCluster.start({ args })
    t.teardown(() => cluster.remove())
    const hosts = ['master', 'worker1', 'worker2']
    const acknowledged: string[] = []
    const stop = new AbortController()
    const write = async (): Promise<void> => {
      for (let i = 0; !stop.signal.aborted; i++) {
        const name = `write-${i}`
        const { code } = await cluster.tryKubectl('create', 'configmap', name)
        if (code === 0) acknowledged.push(name)
      }
    }
    const writer = write()
    for (let round = 0; round < rounds; round++) {
      const leader = await eventually('some member leads', async () => {
        const tails = hosts.map((host) => ({ host, log: cluster.lastRaftRole(host) }))
        return tails.find(({ log }) => log === 'leader')?.host
      })
      const pid = (await etcdPid(cluster, leader))!
      process.kill(pid, 'SIGKILL')
      const count = acknowledged.length
      await eventually('writes go on', () => (acknowledged.length > count ? true : undefined))
      await eventually('the member is back', async () => {
        const now = await etcdPid(cluster, leader)
        return now !== undefined && now !== pid ? true : undefined
      })
    }
    stop.abort()
    await writer
    const names = (await cluster.kubectl('get', 'configmaps', '-o', 'name')).trim().split('\n')
    const kept = new Set(names.map((name) => name.replace('configmap/', '')))
    t.ok(acknowledged.length > rounds, `${acknowledged.length} writes were acknowledged`)
    t.same(
      acknowledged.filter((name) => !kept.has(name)),
      [],
    )
  },
)
