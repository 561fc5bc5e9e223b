import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { createLogger, seededRandom, sleep, systemClock } from '@kemu/base'
import { Child } from './child.ts'
import { identify, isAlive } from './process-table.ts'

const deps = {
  clock: systemClock,
  random: seededRandom(1),
  logger: createLogger('test', 'silent'),
}

function childOf(t: Test, script: string): { child: Child; logFile: string } {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-child-'))
  const logFile = join(dir, 'child.log')
  const spec = { name: 'child', command: ['sh', '-c', script], env: {}, logFile }
  const child = new Child(spec, deps)
  t.teardown(async () => {
    await child.stop(1000)
    rmSync(dir, { recursive: true })
  })
  return { child, logFile }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(systemClock, 5)
}

t.test('a process that is killed is started again, and its log goes on', async (t) => {
  const { child, logFile } = childOf(t, 'echo started; exec sleep 600')
  child.start()
  await until(() => readFileSync(logFile, 'utf8') === 'started\n')
  const first = child.pid!
  process.kill(first, 'SIGKILL')
  await until(() => child.pid !== undefined && child.pid !== first)
  await until(() => readFileSync(logFile, 'utf8') === 'started\nstarted\n')
  t.equal(child.restarts, 1)
})

t.test(
  'a process that is stopped stays stopped, also when it does not listen to SIGTERM',
  async (t) => {
    const { child, logFile } = childOf(t, 'trap "" TERM; echo ready; while :; do sleep 0.05; done')
    child.start()
    await until(() => readFileSync(logFile, 'utf8') === 'ready\n')
    const identity = identify(child.pid!)!
    await child.stop(50)
    t.notOk(isAlive(identity))
    t.equal(child.pid, undefined)
    t.equal(child.restarts, 0)
  },
)

t.test('a process that always ends at once is started after growing pauses', async (t) => {
  const { child } = childOf(t, 'exit 1')
  const startedAtMs = systemClock.monotonicMs()
  child.start()
  await until(() => child.restarts >= 4)
  // Timers may fire a millisecond early each.
  const pausesMs = 10 + 30 + 90 - 3
  t.ok(systemClock.monotonicMs() - startedAtMs >= pausesMs, 'no storm of processes')
})
