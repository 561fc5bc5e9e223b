import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TestCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { needs } from '../support/programs.ts'
import { busybox, endOf, Pods } from './pods.ts'

const skip = needs('kubectl') || (process.getuid?.() === 0 ? false : 'needs root')

t.test('what a container is given and what is kept from it', { skip }, async (t) => {
  const cluster = await TestCluster.start({ hosts: 2 })
  t.teardown(() => cluster.remove())
  const pods = new Pods(cluster)

  await t.test('a file system and process ids of its own', async (t) => {
    const mark = join(cluster.stateDir, 'mark-of-the-machine')
    writeFileSync(mark, '')
    const text = await pods.output(
      'own',
      `exec 2>&1; ls ${mark}; echo $$$$; ls /proc | grep -c '^[0-9]'; touch /x /usr/y && echo written`,
    )
    t.match(text, /No such file/)
    t.match(text, /^1\n[2-5]\nwritten$/m)
    t.notOk(existsSync('/usr/y'), 'the machine has nothing of it')
    rmSync(mark)
  })

  await t.test(
    'users, groups, the group of volumes, capabilities, a root that cannot be written',
    async (t) => {
      const ids = await pods.output(
        'ids',
        'id -u; id -g; id -G; stat -c %g:%a /data; touch /data/f; stat -c %u:%g /data/f; touch /x',
        {
          securityContext: {
            runAsUser: 1000,
            runAsGroup: 3000,
            fsGroup: 2000,
            supplementalGroups: [4000],
          },
          volumes: [{ name: 'data', emptyDir: {} }],
        },
        { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      )
      const [uid, gid, groups, dir, file, denied] = ids.split('\n')
      t.same([uid, gid, dir, file], ['1000', '3000', '2000:2777', '1000:2000'])
      t.same(
        groups!
          .split(' ')
          .map(Number)
          .sort((a, b) => a - b),
        [2000, 3000, 4000],
      )
      t.match(denied, /Permission denied/)
      const security = {
        capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'CHOWN'] },
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      }
      const caps = await pods.output(
        'caps',
        "grep -E 'CapEff|NoNewPrivs' /proc/self/status; touch /x",
        {},
        { securityContext: security },
      )
      t.match(caps, /CapEff:\t0000000000001001\nNoNewPrivs:\t1\n/)
      t.match(caps, /Read-only file system/)
    },
  )

  await t.test("the host's network, processes and files when it asks for them", async (t) => {
    const text = await pods.output(
      'host',
      "hostname; ps -ef | grep -c '[k]ubelet --config'; cat /host/given; echo back >/host/taken; ls -l /sock | cut -c1",
      {
        nodeName: 'worker1',
        hostNetwork: true,
        hostPID: true,
        volumes: [
          { name: 'dir', hostPath: { path: '/var/lib/handed', type: 'DirectoryOrCreate' } },
          { name: 'file', hostPath: { path: '/var/lib/handed/given', type: 'FileOrCreate' } },
          { name: 'sock', hostPath: { path: '/run/cri.sock', type: 'Socket' } },
        ],
      },
      {
        volumeMounts: [
          { name: 'dir', mountPath: '/host' },
          { name: 'sock', mountPath: '/sock' },
        ],
      },
    )
    t.match(text, /^worker1\n1\ns\n$/)
    t.equal(cluster.readHostFile('worker1', 'var/lib/handed/taken'), 'back\n')
  })

  await t.test('a container says its last words', async (t) => {
    const last = 'echo -n words >/dev/termination-log'
    await pods.apply('words', {
      restartPolicy: 'Never',
      containers: [
        busybox('file', last),
        busybox('own', 'echo -n mine >/tmp/m; exit 3', { terminationMessagePath: '/tmp/m' }),
        busybox('log', 'echo from the log; exit 4', {
          terminationMessagePolicy: 'FallbackToLogsOnError',
        }),
        busybox('well', 'echo not told', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
      ],
    })
    const status = await pods.ended('words')
    t.match(endOf(status, 'file'), { exitCode: 0, message: 'words', reason: 'Completed' })
    t.match(endOf(status, 'own'), { exitCode: 3, message: 'mine', reason: 'Error' })
    t.match(endOf(status, 'log'), { exitCode: 4, message: 'from the log\n' })
    t.equal(endOf(status, 'well')?.message, undefined)
  })

  await t.test('volumes: memory, parts of a volume, names made of variables', async (t) => {
    const text = await pods.output(
      'parts',
      'df -k /mem | tail -1; head -c 9000000 /dev/zero >/mem/f; echo one >/one/f; echo two >/two/f; find /all -type f',
      {
        volumes: [
          { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
          { name: 'disk', emptyDir: {} },
        ],
      },
      {
        env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        volumeMounts: [
          { name: 'mem', mountPath: '/mem' },
          { name: 'disk', mountPath: '/all' },
          { name: 'disk', mountPath: '/one', subPath: 'a/b' },
          { name: 'disk', mountPath: '/two', subPathExpr: '$(POD)' },
        ],
      },
    )
    t.match(text, /tmpfs +8192 /)
    t.match(text, /No space left on device/)
    t.same(
      text
        .split('\n')
        .filter((line) => line.startsWith('/all/'))
        .sort(),
      ['/all/a/b/f', '/all/parts/f'],
    )
    await cluster.kubectl('delete', 'pod', 'parts')
    await eventually('the memory is given back', () =>
      readFileSync('/proc/mounts', 'utf8').includes(cluster.stateDir) ? undefined : true,
    )
  })

  await t.test('limits bite: memory kills, the processor is shared out', async (t) => {
    const told = await cluster.kubectl(
      'get',
      'events',
      '-A',
      '--field-selector=reason=LimitsNotEnforced',
    )
    if (told.includes('LimitsNotEnforced')) return t.comment(`this machine cannot: ${told}`)
    await pods.apply('greedy', {
      nodeName: 'worker1',
      containers: [
        busybox('main', 'echo up; sleep 1; head -c 90000000 /dev/zero | tail', {
          resources: { limits: { memory: '30Mi' } },
        }),
        busybox('busy', 'while :; do :; done', { resources: { limits: { cpu: '50m' } } }),
      ],
    })
    const main = await eventually('it was killed and came back', async () => {
      const { containerStatuses = [] } = await pods.status('greedy')
      const found = containerStatuses.find(({ name }) => name === 'main')
      return found && found.restartCount > 0 ? found : undefined
    })
    t.match(main.lastState.terminated ?? main.state.terminated, {
      exitCode: 137,
      reason: 'OOMKilled',
    })
    const [group = ''] = (
      JSON.parse(
        cluster.readHostFile('worker1', 'var/lib/containers/process/cgroups.json'),
      ) as string[]
    ).filter((dir) => existsSync(join(dir, 'cpu.stat')))
    await eventually('the processor was withheld', () =>
      statsBelow(group).some((text) => /nr_throttled [1-9]/.test(text)) ? true : undefined,
    )
    await cluster.kubectl('delete', 'pod', 'greedy')
    t.pass('throttled')
  })
})

/** What the processor's controller tells of each container. */
function statsBelow(group: string): string[] {
  const folders = (dir: string): string[] =>
    readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(dir, name))
  return folders(group)
    .flatMap(folders)
    .map((dir) => readFileSync(join(dir, 'cpu.stat'), 'utf8'))
}
