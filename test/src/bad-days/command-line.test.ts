import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../support/programs.ts'
import { run } from '../support/run.ts'
import type { Outcome } from '../support/run.ts'

const state = mkdtempSync(join(tmpdir(), 'kemu-words-'))
t.teardown(() => rmSync(state, { recursive: true, force: true }))

function kemu(args: readonly string[], stateDir = state): Promise<Outcome> {
  const env = { ...process.env, KEMU_STATE_DIR: stateDir }
  return run(process.execPath, [join(root, 'packages/cli/bin/kemu.cjs'), ...args], { env })
}

t.test('wrong words end with code 2 and say what would be right', async (t) => {
  for (const [args, message] of [
    [['up', '--hosts', 'many'], /--hosts must be a number from 1 to 32, not "many"/],
    [['up', '--etcd-members', '2'], /--etcd-members must be 1, 3 or 5/],
    [['up', '--network', 'wifi'], /--network must be netns or loopback, not "wifi"/],
    [['up', '--name', 'Not_A_Name'], /cannot be a cluster's name/],
    [['up', '--extra-arg', 'nonsense'], /--extra-arg must be COMPONENT:FLAG=VALUE/],
    [['fly'], /unknown command 'fly'/],
    [['up', '--colour'], /unknown option '--colour'/],
  ] as const) {
    const { code, stderr } = await kemu(args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, message)
  }
})

t.test('every command has a help text', async (t) => {
  const commands = ['up', 'down', 'delete', 'list', 'status', 'logs', 'kubeconfig', 'join', 'enter']
  for (const words of [[], ...commands.map((c) => [c]), ['node', 'add'], ['token', 'create']]) {
    const { code, stdout } = await kemu([...words, '--help'])
    t.equal(code, 0, words.join(' '))
    t.match(stdout, /^Usage: kemu/)
  }
})

t.test('a cluster that is not there is named, with the way to make it', async (t) => {
  for (const command of ['status', 'down', 'delete', 'kubeconfig']) {
    const { code, stderr } = await kemu([command, '--name', 'ghost'])
    t.equal(code, 1)
    t.match(stderr, /there is no cluster "ghost"; create it with: (npx )?kemu up --name ghost/)
  }
  t.match((await kemu(['list'])).stdout, /^No clusters. Create one with: (npx )?kemu up$/m)
})

t.test('a state directory that cannot be written is named, with the way out', async (t) => {
  const file = join(state, 'file')
  writeFileSync(file, '')
  const { code, stderr } = await kemu(['up'], join(file, 'below'))
  t.equal(code, 1)
  t.match(
    stderr,
    /cannot write to .* \(ENOTDIR\); make it writable, or choose another place with KEMU_STATE_DIR/,
  )
})

t.test('data of another version are left alone, and the way on is said', async (t) => {
  mkdirSync(join(state, 'old'))
  writeFileSync(join(state, 'old', 'cluster.json'), '{"version": 0, "name": "old"}')
  const { code, stderr } = await kemu(['up', '--name', 'old'])
  t.equal(code, 1)
  t.match(stderr, /cluster "old" was made by another version of kemu .*kemu delete --name old/)
})
