import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { descendants, identify, isAlive, processesWithEnvironment } from './process-table.ts'

t.test('a process is known by its pid and start time until it ends', async (t) => {
  const child = spawn('sleep', ['600'])
  const identity = identify(child.pid!)!
  t.ok(isAlive(identity))
  t.notOk(isAlive({ ...identity, startTicks: '1' }), 'another start time is another process')
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.notOk(isAlive(identity))
})

t.test(
  'children of children are found, and processes by what is in their environment',
  async (t) => {
    const mark = `${process.pid}`
    const env = { ...process.env, KEMU_TEST_MARK: mark }
    const child = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [text] = (await once(child.stdout, 'data')) as [Buffer]
    const grandchild = Number(text.toString())
    t.same(descendants(child.pid!), [child.pid, grandchild])
    t.same(
      processesWithEnvironment('KEMU_TEST_MARK', mark).sort((a, b) => a - b),
      [child.pid!, grandchild].sort((a, b) => a - b),
    )
    process.kill(grandchild, 'SIGKILL')
    await once(child, 'exit')
  },
)
