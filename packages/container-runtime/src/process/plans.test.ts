import type { ContainerConfig } from '@kemu/rpc/cri'
import t from 'tap'
import type { ImageDefinition } from '../images/image.ts'
import type { ContainerRecord, SandboxRecord } from '../store/records.ts'
import { boundingSetArgument, planCapabilities } from './capabilities.ts'
import { parseIdMap } from './id-mapping.ts'
import { commandOf, planLaunch } from './launch-plan.ts'
import type { LaunchRequest } from './launch-plan.ts'
import { bind, formatMountTable } from './mount-table.ts'
import { PathRewrite } from './path-rewrite.ts'
import { setprivWords } from './privileges.ts'
import { parseStat } from './procfs.ts'
import { quoteAll } from './shell-quote.ts'
import { resolveUser, UnknownUser } from './user.ts'

const image: ImageDefinition = {
  repository: 'docker.io/library/thing',
  version: '1',
  config: {
    entrypoint: ['entry'],
    command: ['default'],
    environment: ['A=image', 'B=image'],
    workingDir: '/work',
    user: '',
    stopSignal: '',
    exposedPorts: [],
    volumes: [],
  },
  programs: { '/usr/local/bin/own': 'program-own', '/usr/local/bin/component': 'component' },
  isForeign: true,
  files: { '/etc/thing/thing.conf': '' },
  sizeBytes: 0,
}

function request(config: Partial<ContainerConfig>, level: LaunchRequest['level']): LaunchRequest {
  const full = {
    command: [],
    args: [],
    envs: [],
    mounts: [],
    workingDir: '',
    tty: false,
    linux: null,
    ...config,
  }
  return {
    container: { id: 'c1', config: full } as unknown as ContainerRecord,
    sandbox: { id: 's1' } as unknown as SandboxRecord,
    image,
    user: { uid: 7, gid: 8, groups: [8, 9], home: '/home/seven' },
    level,
    imageRoot: '/images/thing',
    plainRoot: '/plain/root',
    files: { hosts: '', hostname: '', resolvConf: '', shm: '' },
    podFiles: { hosts: '/pod/hosts', resolvConf: '/pod/resolv.conf' },
    networkEnvironment: { KEMU_POD_IP: '127.1.1.1' },
    hostname: 'pod',
    hostPath: '/usr/bin:/home/me/bin',
    capabilities: ['chown'],
    canSetPrivileges: true,
    canSetGroups: true,
  }
}

void t.test('the pod’s words over the image’s', (t) => {
  const words = (command: string[], args: string[]): string[] =>
    commandOf(request({ command, args }, 'isolated').container, image)
  t.same(words([], []), ['entry', 'default'])
  t.same(words([], ['given']), ['entry', 'given'])
  t.same(words(['own'], []), ['own'])
  t.same(words(['own'], ['given']), ['own', 'given'])
  t.end()
})

void t.test('a container with a root of its own sees its own paths', (t) => {
  const launch = planLaunch(
    request(
      {
        command: ['cat', '/data/x'],
        envs: [{ key: 'B', value: Buffer.from('pod') }],
        mounts: [{ containerPath: '/data', hostPath: '/host/data' }] as ContainerConfig['mounts'],
      },
      'isolated',
    ),
  )
  t.same(launch.command, ['cat', '/data/x'])
  t.equal(launch.workingDir, '/work')
  t.ok(launch.environment.includes('A=image'))
  t.ok(launch.environment.includes('B=pod'))
  t.ok(launch.environment.includes('HOME=/home/seven'))
  t.notOk(launch.environment.some((entry) => entry.startsWith('KEMU_ROOT_PREFIX')))
  t.match(setprivWords(launch.privileges!), ['--reuid=7', '--regid=8', '--groups=8,9'])
  t.end()
})

void t.test('without one, paths become the places that they stand for', (t) => {
  const plan = (...command: string[]): readonly string[] =>
    planLaunch(
      request(
        {
          command,
          mounts: [
            { containerPath: '/data', hostPath: '/host/data' },
            { containerPath: '/data/inner', hostPath: '/host/inner' },
          ] as ContainerConfig['mounts'],
        },
        'plain',
      ),
    ).command
  t.same(plan('cat', '/data/x', '/data/inner/y', '/database'), [
    'cat',
    '/host/data/x',
    '/host/inner/y',
    '/database',
  ])
  t.same(plan('sh', '-c', 'cat </etc/thing/thing.conf >"/tmp/out"'), [
    'sh',
    '-c',
    'cat </plain/root/etc/thing/thing.conf >"/plain/root/tmp/out"',
  ])
  t.same(plan('component', '--file=/data/x'), ['component', '--file=/host/data/x'])
  t.same(plan('own', '--file=/data/x'), ['own', '--file=/data/x'], 'it knows its root')
  t.same(plan('tar', 'cf', '-', '/data/x'), [
    'tar',
    'cf',
    '-',
    '/host/data/x',
    '--transform=s,^/*host/data,data,',
  ])
  t.end()
})

void t.test('a replaced path is not looked at again', (t) => {
  const paths = new PathRewrite([
    ['/tmp', '/plain/tmp'],
    ['/data', '/tmp/volumes/data'],
  ])
  t.equal(paths.apply('/data/x:/tmp/y'), '/tmp/volumes/data/x:/plain/tmp/y')
  t.equal(paths.apply('/tmpfoo /x/tmp'), '/tmpfoo /x/tmp')
  t.end()
})

void t.test('who runs: numbers, names, groups of the image, policies', (t) => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n'
  const group = 'root:x:0:\nweb:x:34:\nextra:x:50:web\n'
  const security = (fields: object): Parameters<typeof resolveUser>[0] =>
    fields as Parameters<typeof resolveUser>[0]
  t.match(resolveUser(null, '', passwd, group), { uid: 0, gid: 0, home: '/root' })
  t.match(resolveUser(null, 'web', passwd, group), { uid: 33, gid: 34, groups: [34, 50] })
  t.match(resolveUser(null, '1000:50', passwd, group), { uid: 1000, gid: 50, home: '/' })
  const strict = security({ supplementalGroupsPolicy: 'Strict', supplementalGroups: ['7'] })
  t.same(resolveUser(strict, 'web', passwd, group).groups, [7, 34])
  t.match(resolveUser(security({ runAsUser: { value: '5' } }), 'web', passwd, group), { uid: 5 })
  t.throws(() => resolveUser(null, 'nobody-here', passwd, group), UnknownUser)
  t.throws(() => resolveUser(null, 'web:no-group', passwd, group), UnknownUser)
  t.end()
})

void t.test('capabilities: containerd’s defaults, added, dropped, not ours to give', (t) => {
  const bounding = new Set(['chown', 'kill', 'net_raw', 'sys_admin'])
  type Security = Parameters<typeof planCapabilities>[0]
  const plan = (addCapabilities: string[], dropCapabilities: string[]) =>
    planCapabilities({ capabilities: { addCapabilities, dropCapabilities } } as Security, bounding)
  t.same(plan([], []).capabilities, ['chown', 'net_raw', 'kill'])
  t.same(plan([], ['ALL']).capabilities, [])
  t.same(plan(['CAP_SYS_ADMIN'], ['ALL']).capabilities, ['sys_admin'])
  t.same(plan(['BPF'], []).missing, ['bpf'])
  t.same(planCapabilities({ privileged: true } as Security, bounding).capabilities, [...bounding])
  t.equal(boundingSetArgument(['chown']), '-all,+chown')
  t.end()
})

void t.test('a mount table escapes what fstab would split', (t) => {
  t.equal(
    formatMountTable([bind('/a b', '/c#d', 'ro'), bind('/x', '/y')]),
    '/a\\040b /c\\043d none bind,ro 0 0\n/x /y none bind 0 0\n',
  )
  t.end()
})

void t.test('a process’s stat is read whatever its name is', (t) => {
  const fields = Array.from({ length: 50 }, (_, i) => String(i + 4)).join(' ')
  t.match(parseStat(`42 (a ) b) S ${fields}`), {
    pid: 42,
    state: 'S',
    parentPid: 4,
    session: 6,
    startTicks: '22',
  })
  t.equal(parseStat(''), undefined)
  t.end()
})

void t.test('a shell gets words back as they were', (t) => {
  t.equal(quoteAll(["it's", '$HOME', 'plain']), `'it'\\''s' '$HOME' plain`)
  t.end()
})

void t.test('the ids of a user namespace', (t) => {
  t.same(parseIdMap('         0       1000          1\n'), [{ first: 0, count: 1 }])
  t.end()
})
