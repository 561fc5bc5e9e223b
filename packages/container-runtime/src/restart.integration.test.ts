import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readLog, RuntimeFixture, waitFor } from './testing/runtime-fixture.ts'

// Real processes on a machine that may be busy: the file's default of 30 s is for pure tests.
t.setTimeout(1_200_000)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Processes whose command line holds one of the texts. */
function processesWith(...texts: readonly string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const words = readCommandLine(pid)
      return pid !== process.pid && texts.some((text) => words.includes(text))
    })
}

function readCommandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return '' // gone meanwhile
  }
}

for (const isolation of ['auto', 'plain'] as const) {
  void t.test(`kill -9 of the runtime, isolation ${isolation}`, { timeout: 600_000 }, async (t) => {
    const runtime = new RuntimeFixture({ isolation })
    await runtime.start()
    t.teardown(() => runtime.close())

    await t.test('pids stay, the log has no gap, exit codes are known', async (t) => {
      const pod = await runtime.runPod('steady')
      const counter = await runtime.shell(
        pod,
        'counter',
        'i=0; while [ $i -lt 400 ]; do echo "line $i"; i=$((i+1)); sleep 0.005; done; exit 9',
      )
      const stays = await runtime.shell(pod, 'stays', 'echo up; sleep 1000')
      await runtime.log(pod, 'stays', 1)
      const pid = await runtime.pid1(stays)
      for (let kills = 0; kills < 3; kills++) {
        await runtime.log(pod, 'counter', 1 + kills * 60)
        await runtime.kill()
        await runtime.start()
      }
      t.equal(await runtime.pid1(stays), pid)
      t.ok(isAlive(pid))
      t.equal((await runtime.waitExit(counter)).exitCode, 9)
      const lines = readLog(join(pod.logDir, 'counter.log'))
      t.same(
        lines,
        Array.from({ length: 400 }, (_, i) => `line ${i}`),
      )
      t.equal((await runtime.exec(stays, 'echo', 'here')).stdout, 'here\n')
      await runtime.removePod(pod.id)
      await waitFor(() => Promise.resolve(isAlive(pid) ? undefined : true))
    })

    await t.test('what ended while nobody looked has its code and its last words', async (t) => {
      const pod = await runtime.runPod('brief')
      const id = await runtime.shell(pod, 'brief', 'echo first; sleep 0.3; echo last; exit 3')
      await runtime.log(pod, 'brief', 1)
      const pid = await runtime.pid1(id)
      await runtime.kill()
      await waitFor(() => Promise.resolve(isAlive(pid) ? undefined : true))
      await runtime.start()
      t.equal((await runtime.waitExit(id)).exitCode, 3)
      t.same(await runtime.log(pod, 'brief', 2), ['first', 'last'])
      await runtime.removePod(pod.id)
    })

    await t.test('a pod whose pause process died is not ready and can be removed', async (t) => {
      const pod = await runtime.runPod('headless')
      const { info } = await runtime.client.runtime.PodSandboxStatus({
        podSandboxId: pod.id,
        verbose: true,
      })
      const { pid } = JSON.parse(info['info']!) as { pid: number }
      await runtime.kill()
      process.kill(pid, 'SIGKILL')
      await waitFor(() => Promise.resolve(isAlive(pid) ? undefined : true))
      await runtime.start()
      const { status } = await runtime.client.runtime.PodSandboxStatus({ podSandboxId: pod.id })
      t.equal(status?.state, 'SANDBOX_NOTREADY')
      await runtime.removePod(pod.id)
      t.same((await runtime.client.runtime.ListPodSandbox({})).items, [])
    })
  })

  void t.test(
    `the end of the lifeline, isolation ${isolation}`,
    { timeout: 600_000 },
    async (t) => {
      const dir = mkdtempSync(join(tmpdir(), 'kemu-lifeline-'))
      const lifeline = join(dir, 'lifeline')
      execFileSync('mkfifo', [lifeline])
      const holder = openSync(lifeline, 'r+')
      const runtime = new RuntimeFixture({ isolation, lifeline })
      await runtime.start()
      const pod = await runtime.runPod('mortal')
      const mark = `86${process.pid}`
      const script = `setsid sleep ${mark} & sleep ${mark} & echo up; wait`
      const id = await runtime.shell(pod, 'tree', script)
      await runtime.log(pod, 'tree', 1)
      const pids = [await runtime.pid1(id), runtime.pid, ...processesWith(mark, runtime.dir)]
      closeSync(holder)
      await waitFor(() => Promise.resolve(pids.some(isAlive) ? undefined : true))
      const left = processesWith(mark, runtime.dir)
      await t.test('takes runtime, containers and shims with it', (t) => {
        t.ok(pids.length > 6)
        t.same(left, [])
        t.end()
      })
      await runtime.kill()
      rmSync(runtime.dir, { recursive: true, force: true })
      rmSync(dir, { recursive: true, force: true })
    },
  )
}
