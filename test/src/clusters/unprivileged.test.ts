import {
  chmodSync,
  chownSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../support/programs.ts'
import { processesOf } from '../support/processes.ts'
import { run } from '../support/run.ts'
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

const skip = process.getuid?.() === 0 ? false : 'needs root, to become another user'

for (const [what, hidden, driver] of [
  ['where user namespaces are allowed', [], 'netns'],
  ['where namespaces cannot be made', ['unshare'], 'loopback'],
] as const) {
  t.test(`the worked example runs for a user without rights, ${what}`, { skip }, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'kemu-nobody-'))
    chmodSync(dir, 0o755)
    const state = join(dir, 'state')
    mkdirSync(state)
    chownSync(state, uid, uid)
    const env = {
      PATH: hidden.length > 0 ? pathWithout(dir, hidden) : process.env['PATH'],
      HOME: state,
      KEMU_STATE_DIR: state,
    }
    const kemu = (...args: readonly string[]): Promise<Outcome> => {
      const become = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups']
      const program = [process.execPath, join(root, 'packages/cli/bin/kemu.cjs')]
      return run('/usr/bin/setpriv', [...become, ...program, ...args], { env })
    }
    t.teardown(async () => {
      await kemu('delete', '--name', 'nobody')
      rmSync(dir, { recursive: true, force: true })
    })

    const up = await kemu('up', '--name', 'nobody', '--example')
    t.equal(up.code, 0, up.stdout + up.stderr)
    t.match(up.stdout, `Driver ${driver}:`)
    t.match(up.stdout, /It works!/, 'the page was fetched by its name')
    const removed = await kemu('delete', '--name', 'nobody')
    t.equal(removed.code, 0, removed.stdout + removed.stderr)
    t.same(processesOf(state), [], 'no process is left')
  })
}
