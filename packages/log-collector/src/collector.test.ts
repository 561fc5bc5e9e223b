import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Closers, seededRandom, silentLogger, systemClock } from '@kemu/base'
import type { LogLine, LogSource } from '@kemu/log-store'
import { LogStoreUnavailable } from '@kemu/log-store'
import t from 'tap'
import type { Test } from 'tap'
import { startCollector } from './server.ts'
import { ContainerLog } from './testing/container-log.ts'
import { FaultyLogStore } from './testing/faulty-log-store.ts'

const kubelet: LogSource = { kind: 'component', host: 'h', component: 'kubelet' }

class Bench {
  readonly root = mkdtempSync(join(tmpdir(), 'log-collector-'))
  readonly store = new FaultyLogStore()
  #closers = new Closers()

  constructor(t: Test) {
    t.teardown(async () => {
      await this.stop()
      rmSync(this.root, { recursive: true })
    })
  }

  start(): void {
    this.#closers = new Closers()
    const deps = { clock: systemClock, random: seededRandom(1), logger: silentLogger }
    const { store } = this
    void startCollector(
      { host: 'h', logDir: this.root },
      { ...deps, store, closers: this.#closers },
    )
  }

  stop(): Promise<void> {
    return this.#closers.close()
  }

  lines(source: LogSource): LogLine[] {
    return this.store.memory.all(source)
  }

  /** Resolves when the store is there in the file whose id begins so; undefined: when it knows none. */
  position(prefix: string, expected: number | undefined): Promise<void> {
    return until(async () => {
      const all = [...(await this.store.positions('h'))]
      return all.find(([file]) => file.startsWith(prefix))?.[1] === expected
    })
  }

  /** The lines of a source, once there are as many. */
  async shipped(source: LogSource, count: number): Promise<LogLine[]> {
    await until(() => this.lines(source).length >= count)
    return this.lines(source)
  }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + 30_000
  while (!(await isTrue())) {
    if (systemClock.monotonicMs() > endMs) throw new Error('not within 30 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function sourceOf({ pod }: ContainerLog): LogSource {
  return { kind: 'pod', namespace: 'default', pod }
}

function texts(lines: readonly LogLine[]): string[] {
  return lines.map(({ text }) => text.toString())
}

void t.test('lines of a pod that comes later are seen by themselves', async (t) => {
  const bench = new Bench(t)
  bench.start()
  const log = new ContainerLog(bench.root, 'web', 'app')
  log.write(3)
  const lines = await bench.shipped(sourceOf(log), 3)
  t.same(texts(lines), log.written)
  t.match(lines[0], { host: 'h', container: 'app', stream: 'stdout', resent: false })
})

void t.test('logs that were put aside come first, the compressed ones too', async (t) => {
  const bench = new Bench(t)
  const log = new ContainerLog(bench.root, 'web', 'app')
  for (let i = 0; i < 4; i += 1) {
    log.write(20)
    log.rotate()
  }
  log.write(1)
  log.restart()
  log.write(2)
  bench.start()
  t.same(texts(await bench.shipped(sourceOf(log), log.written.length)), log.written)
})

void t.test('what the store lost is shipped again with a mark, and the rest without', async (t) => {
  const bench = new Bench(t)
  const log = new ContainerLog(bench.root, 'web', 'app')
  bench.start()
  log.write(2)
  await bench.shipped(sourceOf(log), 2)
  bench.store.remember()
  log.write(3)
  await bench.shipped(sourceOf(log), 5)
  bench.store.loseNewest()
  log.write(1)
  const lines = await bench.shipped(sourceOf(log), 6)
  t.same(texts(lines), log.written)
  t.same(
    lines.map(({ resent }) => resent),
    [false, false, true, true, true, false],
  )
})

void t.test('what the store lost of a log that is only there compressed comes again', async (t) => {
  const bench = new Bench(t)
  const log = new ContainerLog(bench.root, 'web', 'app')
  bench.store.remember()
  bench.start()
  log.write(2)
  await bench.shipped(sourceOf(log), 2)
  log.rotate()
  log.write(1)
  await bench.shipped(sourceOf(log), 3)
  log.rotate()
  log.write(1)
  await bench.shipped(sourceOf(log), 4)
  bench.store.loseNewest()
  const lines = await bench.shipped(sourceOf(log), 4)
  t.same(texts(lines), log.written)
  t.ok(lines.every(({ resent }) => resent))
})

void t.test(
  'a new collector goes on where the store is, also in files that were renamed',
  async (t) => {
    const bench = new Bench(t)
    const log = new ContainerLog(bench.root, 'web', 'app')
    bench.start()
    log.write(2)
    await bench.shipped(sourceOf(log), 2)
    await bench.stop()
    log.write(2)
    log.rotate()
    log.write(1)
    bench.start()
    const lines = await bench.shipped(sourceOf(log), 5)
    t.same(texts(lines), log.written)
    t.notOk(lines.some(({ resent }) => resent))
  },
)

void t.test(
  'the last lines of a pod that is removed while the store is away are not lost',
  async (t) => {
    const bench = new Bench(t)
    const log = new ContainerLog(bench.root, 'web', 'app')
    bench.start()
    log.write(1)
    await bench.shipped(sourceOf(log), 1)
    let isAway = true
    const { memory } = bench.store
    bench.store.append = (batch) =>
      isAway ? Promise.reject(new LogStoreUnavailable('away')) : memory.append(batch)
    log.write(3)
    log.remove()
    isAway = false
    t.same(texts(await bench.shipped(sourceOf(log), 4)), log.written)
    await bench.position('default_web_uid-web/', undefined)
    t.same(
      [...(await memory.positions('h'))],
      [],
      'the position of a file that is gone is forgotten',
    )
  },
)

void t.test('a log that was cut goes on; what was cut off comes again with a mark', async (t) => {
  const bench = new Bench(t)
  const path = join(bench.root, 'kubelet.log')
  writeFileSync(path, 'one\ntwo\nthree\n')
  bench.start()
  await bench.shipped(kubelet, 3)
  truncateSync(path, 'one\ntw'.length)
  // A cut can be seen only before the file has grown again.
  await bench.position('kubelet/', 'one\n'.length)
  appendFileSync(path, 'o\nfour\n')
  const lines = await bench.shipped(kubelet, 5)
  t.same(
    lines.map(({ text, resent }) => `${text.toString()}${resent ? ' again' : ''}`),
    ['one', 'two', 'three', 'two again', 'four again'],
  )
})

void t.test('a log that was begun anew is another file', async (t) => {
  const bench = new Bench(t)
  const path = join(bench.root, 'kubelet.log')
  writeFileSync(path, 'a first line\nanother one\n')
  bench.start()
  await bench.shipped(kubelet, 2)
  writeFileSync(path, 'new\n')
  const lines = await bench.shipped(kubelet, 3)
  t.same(
    lines.map(({ text, resent }) => [text.toString(), resent]),
    [
      ['a first line', false],
      ['another one', false],
      ['new', false],
    ],
  )
})
