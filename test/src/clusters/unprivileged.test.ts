import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { busybox, endOf, Pods } from '../containers/pods.ts'
import { eventually } from '../support/eventually.ts'
import { findProgram, needs, root } from '../support/programs.ts'
import { processesOf } from '../support/processes.ts'
import { run, succeed } from '../support/run.ts'
import type { Outcome } from '../support/run.ts'

/** nobody: a user that owns nothing. */
const uid = 65_534

/** A PATH with everything of the machine but the named programs. */
function pathWithout(dir: string, hidden: readonly string[]): string {
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  for (const folder of ['/usr/sbin', '/usr/bin', '/sbin', '/bin']) {
    for (const name of readdirSync(folder)) {
      if (hidden.includes(name)) continue
      try {
        symlinkSync(join(folder, name), join(bin, name))
      } catch {
        // The same name in two folders: the first one counts.
      }
    }
  }
  return bin
}

/** Where a namespace of this user may hold more users than itself: subuid(5) says so in a file of its own. */
function withSubordinateIds(dir: string, command: readonly string[]): string[] {
  const file = join(dir, 'subordinate-ids')
  writeFileSync(file, 'nobody:200000:65536\n')
  const bind = `mount --bind ${file} /etc/subuid && mount --bind ${file} /etc/subgid && exec "$@"`
  return ['unshare', '--mount', 'sh', '-c', bind, 'sh', ...command]
}

const skip = process.getuid?.() === 0 ? false : 'needs root, to become another user'

for (const { where, hidden, hasIds, driver } of [
  { where: 'user namespaces are allowed', hidden: [], hasIds: false, driver: 'netns' },
  { where: 'it has a range of users', hidden: [], hasIds: true, driver: 'netns' },
  { where: 'namespaces are denied', hidden: ['unshare'], hasIds: false, driver: 'loopback' },
] as const) {
  const isSkipped = skip || (hasIds && needs('newuidmap'))
  t.test(`a user without rights, where ${where}`, { skip: isSkipped }, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'kemu-nobody-'))
    chmodSync(dir, 0o755)
    const state = join(dir, 'state')
    mkdirSync(state)
    chownSync(state, uid, uid)
    const env = {
      PATH: hidden.length > 0 ? pathWithout(dir, hidden) : process.env['PATH'],
      HOME: state,
      KEMU_STATE_DIR: state,
      KUBECONFIG: join(state, 'nobody/kubeconfig'),
    }
    const kemu = (...args: readonly string[]): Promise<Outcome> => {
      const become = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups']
      const program = [process.execPath, join(root, 'packages/cli/bin/kemu.cjs')]
      const plain = ['/usr/bin/setpriv', ...become, ...program, ...args]
      const [command, ...words] = hasIds ? withSubordinateIds(dir, plain) : plain
      return run(command!, words, { env })
    }
    t.teardown(async () => {
      await kemu('delete', '--name', 'nobody')
      rmSync(dir, { recursive: true, force: true })
    })

    const up = await kemu('up', '--name', 'nobody', '--example')
    t.equal(up.code, 0, up.stdout + up.stderr)
    t.match(up.stdout, `Driver ${driver}:`)
    t.match(up.stdout, /It works!/, 'the page was fetched by its name')

    const kubectl = findProgram('kubectl')!
    const pods = new Pods({
      kubectl: (...args) => succeed(kubectl, args, { env }),
      kubectlWithInput: (input, ...args) => succeed(kubectl, args, { env, input }),
      json: async <T>(...args: readonly string[]): Promise<T> =>
        JSON.parse(await succeed(kubectl, ['get', ...args, '-o', 'json'], { env })) as T,
    })
    await t.test('what a pod asks for is there, or it is told that it is not', async (t) => {
      const words = await pods.output('words', 'id -u; echo last >/dev/termination-log')
      t.equal(words, driver === 'netns' ? '0\n' : `${uid}\n`)
      t.match(endOf(await pods.status('words'), 'main'), { exitCode: 0, message: 'last\n' })
      const events = await pods.events('Node')
      t.match(events, 'Limits of containers are accepted and not enforced: ')
      const gaps = {
        netns: 'images run as root, whatever their USER',
        loopback:
          "an image's USER, privileged, dropped capabilities, allowPrivilegeEscalation, fsGroup",
      }
      if (hasIds) t.notMatch(events, 'SecurityContextNotEnforced')
      else
        t.match(events, `Parts of security contexts are accepted and not enforced: ${gaps[driver]}`)

      const ids = { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 }
      const asOther = {
        securityContext: ids,
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [
          busybox(
            'main',
            'exec 2>&1; id; stat -c %g:%a /data; touch /data/f /x; stat -c %u:%g /data/f',
            {
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ),
        ],
      }
      if (hasIds) {
        t.match(
          await pods.output('other', '', asOther),
          /^uid=1000 gid=3000 groups=3000,2000\n2000:2777\n.*\/x.*Permission denied\n1000:2000\n$/,
        )
      } else {
        await pods.apply('other', asOther)
        const why = {
          netns: 'does not exist in the user namespace that this node runs in',
          loopback: 'linux.security_context.run_as_user: 1000: this runtime runs as user 65534',
        }
        await eventually('it is refused', async () =>
          (await pods.events('Pod')).includes(why[driver]) ? true : undefined,
        )
      }
      await pods.apply('able', {
        containers: [
          busybox('main', 'sleep 600', {
            securityContext: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } },
          }),
        ],
      })
      if (driver === 'netns') {
        await pods.ready('able')
        t.match(await pods.exec('able', 'grep', 'CapEff', '/proc/self/status'), /:\t0+1000\n/)
      } else {
        await eventually('it is refused', async () =>
          (await pods.events('Pod')).includes('this runtime does not have NET_ADMIN itself')
            ? true
            : undefined,
        )
      }
    })
    const removed = await kemu('delete', '--name', 'nobody')
    t.equal(removed.code, 0, removed.stdout + removed.stderr)
    t.same(processesOf(state), [], 'no process is left')
    t.notOk(existsSync(join(state, 'nobody')), 'nor a file, whoever it belongs to')
  })
}
