import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { processesOf } from '../support/processes.ts'
import { root } from '../support/programs.ts'

for (const phase of ['[certs]', '[hosts]', '[wait-control-plane]']) {
  t.test(`Ctrl-C after ${phase} leaves no process and no file behind`, async (t) => {
    const state = mkdtempSync(join(tmpdir(), 'kemu-interrupt-'))
    t.teardown(() => rmSync(state, { recursive: true, force: true }))
    const command = [join(root, 'packages/cli/bin/kemu.cjs'), 'up', '--hosts', '2']
    const env = { ...process.env, KEMU_STATE_DIR: state }
    const up = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    up.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    let interrupted = false
    up.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (interrupted || !output.includes(phase)) return
      interrupted = true
      up.kill('SIGINT')
    })
    const [code] = (await once(up, 'close')) as [number]
    t.not(code, 0)
    t.equal(errors, 'error: interrupted\n')
    t.match(output, 'Interrupted: removing what was made')
    t.same(processesOf(state), [])
    t.notOk(existsSync(join(state, 'kemu')))
  })
}
