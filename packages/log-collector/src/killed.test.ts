import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import { openRedis, RedisLogReader } from '@kemu/log-store/redis'
import { redisServer, startRedis } from '@kemu/log-store/testing'
import t from 'tap'
import { ContainerLog } from './testing/container-log.ts'

const skip = redisServer === undefined ? 'needs redis-server on PATH' : false
const rounds = 6

/** A collector of its own process. */
function startCollector(logDir: string, socket: string): ChildProcess {
  const program = join(import.meta.dirname, 'main.js')
  const flags = ['--node-name=h', `--log-dir=${logDir}`, `--redis=${socket}`]
  return spawn(process.execPath, [program, ...flags], { stdio: 'ignore' })
}

function killed(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
}

void t.test(
  'kill -9 of collector and Redis amid writes loses no line and doubles none',
  { skip },
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'log-collector-'))
    const random = seededRandom(7)
    const logs = [new ContainerLog(dir, 'one', 'a'), new ContainerLog(dir, 'two', 'b')]
    const data = join(dir, 'redis')
    let server = await startRedis(data)
    let collector = startCollector(dir, server.socket)
    const redis = openRedis({ path: server.socket }, silentLogger)
    const reader = new RedisLogReader(redis)
    t.teardown(async () => {
      redis.disconnect()
      await killed(collector)
      await server.kill()
      rmSync(dir, { recursive: true })
    })

    const shipped = async ({ pod }: ContainerLog): Promise<string[]> => {
      const source = { kind: 'pod', namespace: 'default', pod } as const
      const lines = await reader.lines(source, '-', 10_000).catch(() => [])
      return lines.map(({ line }) => line.text.toString())
    }
    const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
      const endMs = systemClock.monotonicMs() + 60_000
      while (!(await isTrue())) {
        if (systemClock.monotonicMs() > endMs) throw new Error('not within 60 s')
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }

    for (let round = 0; round < rounds; round += 1) {
      const known = (await shipped(logs[0]!)).length
      for (const log of logs) log.write(200)
      if (round % 3 === 1) logs[1]!.rotate()
      // Amid the shipping: some of the new lines are there, or none yet.
      if (random.next() < 0.5) await until(async () => (await shipped(logs[0]!)).length > known)
      if (random.next() < 0.5) {
        await killed(collector)
        collector = startCollector(dir, server.socket)
      } else {
        await server.kill()
        server = await startRedis(data)
      }
    }
    await until(async () => {
      const counts = await Promise.all(logs.map(async (log) => (await shipped(log)).length))
      return logs.every((log, i) => counts[i]! >= log.written.length)
    })
    for (const log of logs) t.strictSame(await shipped(log), log.written)
  },
)
