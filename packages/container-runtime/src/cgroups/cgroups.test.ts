import type { LinuxContainerResources } from '@kemu/rpc/cri'
import t from 'tap'
import { findCgroups } from './cgroup-places.ts'
import { parseOomKills, settingsV1, settingsV2 } from './limits.ts'

const resources = (fields: Partial<LinuxContainerResources>): LinuxContainerResources =>
  fields as LinuxContainerResources

void t.test(
  'version 1: below the own group of each controller, also beside an empty version 2',
  (t) => {
    const mounts = [
      '30 25 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
      '31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct',
      '32 30 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
      '33 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
    ].join('\n')
    t.same(findCgroups(mounts, '4:memory:/jobs/a:b\n1:cpu,cpuacct:/\n0::/\n'), {
      version: 1,
      dirs: { memory: '/sys/fs/cgroup/memory/jobs/a:b', cpu: '/sys/fs/cgroup/cpu,cpuacct' },
    })
    t.end()
  },
)

void t.test('in a container the mount shows only the container’s part', (t) => {
  const mounts = '9 8 0:28 /docker/c1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory'
  const dir = (own: string): unknown => findCgroups(mounts, `4:memory:${own}\n`)
  t.match(dir('/docker/c1'), { dirs: { memory: '/sys/fs/cgroup/memory' } })
  t.match(dir('/docker/c1/deeper'), { dirs: { memory: '/sys/fs/cgroup/memory/deeper' } })
  t.match(dir('/elsewhere'), { dirs: { memory: '/sys/fs/cgroup/memory' } })
  t.end()
})

void t.test('version 2 alone, or nothing', (t) => {
  const mounts = '29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate'
  t.same(findCgroups(mounts, '0::/user.slice\n'), { version: 2, dir: '/sys/fs/cgroup' })
  t.equal(findCgroups('22 1 0:5 / /proc rw - proc proc rw', '0::/\n'), undefined)
  t.end()
})

void t.test('limits as files of version 1', (t) => {
  const files = (fields: Partial<LinuxContainerResources>): string[] =>
    settingsV1(resources(fields)).map(({ file, value }) => `${file}=${value}`)
  t.same(
    files({
      cpuShares: '512',
      cpuPeriod: '100000',
      cpuQuota: '20000',
      memoryLimitInBytes: '1048576',
      unified: { 'pids.max': '50' },
    }),
    [
      'cpu.shares=512',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=20000',
      'memory.limit_in_bytes=1048576',
      'pids.max=50',
    ],
  )
  t.same(files({ cpuShares: '0', memoryLimitInBytes: '0', cpuQuota: '' }), [])
  t.end()
})

void t.test('limits as files of version 2', (t) => {
  const files = (fields: Partial<LinuxContainerResources>): string[] =>
    settingsV2(resources(fields)).map(({ file, value }) => `${file}=${value}`)
  t.same(
    files({
      cpuShares: '1024',
      cpuPeriod: '100000',
      cpuQuota: '20000',
      memoryLimitInBytes: '1048576',
      unified: { 'pids.max': '50', 'io.weight': '7' },
    }),
    [
      'cpu.weight=39',
      'cpu.max=20000 100000',
      'memory.max=1048576',
      'memory.oom.group=1',
      'pids.max=50',
    ],
  )
  t.same(files({ cpuShares: '2' }), ['cpu.weight=1'])
  t.same(files({ cpuShares: '262144' }), ['cpu.weight=10000'])
  t.same(files({ cpuQuota: '-1' }), ['cpu.max=max 100000'])
  t.end()
})

void t.test('what the kernel killed, in the words of both versions', (t) => {
  t.equal(parseOomKills('oom_kill_disable 0\nunder_oom 0\noom_kill 2\n'), 2)
  t.equal(parseOomKills('low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 1\n'), 1)
  t.equal(parseOomKills('oom_kill_disable 0\nunder_oom 0\n'), 0)
  t.end()
})
