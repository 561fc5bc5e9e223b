import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '@kemu/base'
import t from 'tap'
import { isAlive, listPids, readStat } from './procfs.ts'
import { Shim } from './shim.ts'
import type { ShimExit } from './shim.ts'
import { ShimLauncher } from './shim-launcher.ts'

// Processes on a machine that may be busy.
t.setTimeout(300_000)

const root = mkdtempSync(join(tmpdir(), 'kemu launcher-'))
// Nothing of a shim keeps a process alive that only waits for it.
const awake = createServer().listen(join(root, 'awake.sock'))
t.teardown(() => {
  awake.close()
  rmSync(root, { recursive: true, force: true })
})

const says = 'read -r stat </proc/self/stat && echo "$stat" >main.stat && echo started >&7'

/** A directory as the runtime prepares it for a shim. */
function shimDir(name: string, run: string): string {
  const dir = join(root, name)
  mkdirSync(dir)
  execFileSync('mkfifo', [join(dir, 'alive')])
  writeFileSync(join(dir, 'run.sh'), run)
  return dir
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(systemClock, 5)
}

interface Started {
  readonly pid: number
  readonly exited: Promise<ShimExit>
}

async function start(launcher: ShimLauncher, name: string, run: string): Promise<Started> {
  const dir = shimDir(name, run)
  let onExit: (exit: ShimExit) => void = () => undefined
  const exited = new Promise<ShimExit>((resolve) => {
    onExit = resolve
  })
  const order = { dir, tree: 'namespace', mark: '-' } as const
  const { shim, outcome } = await Shim.start(launcher, order, (exit) => onExit(exit))
  if (outcome.kind === 'failed') throw new Error(outcome.error)
  t.teardown(() => shim.close())
  return { pid: outcome.main.pid, exited }
}

const isRunning = ({ pid }: Started): boolean => {
  const stat = readStat(pid)
  return stat !== undefined && isAlive(stat)
}

/** The shell that forks the shims: the parent of their parent. */
function shellOf({ pid }: Started): number {
  return readStat(readStat(pid)!.parentPid)!.parentPid
}

void t.test('shims outlive a shell that was killed, and the next one gets another', async (t) => {
  const launcher = new ShimLauncher(root, '')
  t.teardown(() => launcher.close())
  const first = await start(launcher, 'first', `${says}; exec sleep 1000`)
  const shell = shellOf(first)
  process.kill(shell, 'SIGKILL')
  await until(() => !existsSync(`/proc/${shell}`))
  const second = await start(launcher, 'second', `${says}; exit 7`).catch(() =>
    start(launcher, 'second try', `${says}; exit 7`),
  )
  t.equal((await second.exited).code, 7)
  t.ok(isRunning(first))
  process.kill(first.pid, 'SIGKILL')
  t.equal((await first.exited).code, 137)
})

void t.test('many starts at once are answered each with its own', async (t) => {
  const launcher = new ShimLauncher(root, '')
  t.teardown(() => launcher.close())
  const codes = Array.from({ length: 20 }, (_, i) => i)
  const started = await Promise.all(
    codes.map((code) => start(launcher, `many ${code}`, `${says}; exit ${code}`)),
  )
  const exits = await Promise.all(started.map(({ exited }) => exited))
  t.same(
    exits.map(({ code }) => code),
    codes,
  )
})

void t.test('ended shims leave no zombies, and the shell ends with the runtime', async (t) => {
  const launcher = new ShimLauncher(root, '')
  const kept = await start(launcher, 'kept', `${says}; exec sleep 1000`)
  const shell = shellOf(kept)
  const { exited } = await start(launcher, 'ended', `${says}; exit 0`)
  await exited
  await until(() => {
    launcher.reap()
    return childrenOf(shell).length === 1
  })
  t.ok(isRunning(kept), 'the other one runs on')
  process.kill(kept.pid, 'SIGKILL')
  await kept.exited
  launcher.close()
  await until(() => !existsSync(`/proc/${shell}`))
})

void t.test('a directory without a doorbell is refused; one to remove goes', async (t) => {
  const launcher = new ShimLauncher(root, '')
  t.teardown(() => launcher.close())
  const order = { dir: join(root, 'nowhere'), tree: 'namespace', mark: '-' } as const
  await t.rejects(launcher.start(order), { message: `${order.dir} is no directory for a shim` })
  const old = join(root, 'old one')
  mkdirSync(join(old, 'below'), { recursive: true })
  launcher.removeTree(old)
  await until(() => !existsSync(old))
})

function childrenOf(pid: number): number[] {
  return listPids().filter((each) => readStat(each)?.parentPid === pid)
}
