import { appendFileSync, mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, silentLogger, systemClock } from '@kemu/base'
import type { Clock } from '@kemu/base'
import t from 'tap'
import { Timestamps } from '../logs/timestamps.ts'
import { RecordFiles } from '../store/record-file.ts'
import { Store } from '../store/store.ts'
import { SessionTokens } from '../streams/session-tokens.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { parseSignal } from './signals.ts'
import { viewVariable } from './views.ts'

void t.test('signals by CRI’s names and images’ names', (t) => {
  t.equal(parseSignal('SIGTERM'), 'SIGTERM')
  t.equal(parseSignal('TERM'), 'SIGTERM')
  t.equal(parseSignal('15'), 15)
  t.equal(parseSignal('SIGRTMINPLUS3'), 37)
  t.equal(parseSignal('SIGRTMAX-1'), 63)
  t.equal(parseSignal('RUNTIME_DEFAULT'), undefined)
  t.equal(parseSignal('SIGNOTHING'), undefined)
  t.end()
})

void t.test('tasks of one key run one after the other, also after a failure', async (t) => {
  const queue = new KeyedQueue()
  const seen: string[] = []
  const task =
    (name: string, fails = false) =>
    async () => {
      seen.push(`${name} starts`)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(`${name} ends`)
      if (fails) throw new Error(name)
    }
  const first = queue.run('a', task('first', true))
  const second = queue.run('a', task('second'))
  const other = queue.run('b', task('other'))
  await t.rejects(first, /first/)
  await Promise.all([second, other])
  t.ok(seen.indexOf('first ends') < seen.indexOf('second starts'))
  t.ok(seen.indexOf('other starts') < seen.indexOf('first ends'))
})

const removeTree = (dir: string): void => rmSync(dir, { recursive: true })

interface Thing {
  readonly id: string
  readonly name: string
  readonly bytes: Buffer
}

void t.test('records survive a restart; a name is taken until its record is gone', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-store-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const open = (): Store<Thing> =>
    new Store(
      new RecordFiles<Thing>(dir, 'thing.json', silentLogger, removeTree),
      ({ name }) => name,
    )
  const store = open()
  const one: Thing = { id: 'aa11', name: 'one', bytes: Buffer.from([0, 255]) }
  store.create(one)
  store.save(one)
  t.throws(() => store.create({ ...one, id: 'bb22' }), /name "one" is reserved for "aa11"/)
  const again = open()
  t.same(again.find('aa11'), one)
  t.equal(again.find('aa')?.id, 'aa11', 'any unique beginning finds it')
  again.save({ ...one, bytes: Buffer.from([1]) })
  t.same(open().find('aa11')?.bytes, Buffer.from([1]))
  appendFileSync(join(dir, 'aa11/thing.json'), '{"id":"aa11","na')
  t.same(open().find('aa11')?.bytes, Buffer.from([1]), 'killed while it was written')
  again.save({ ...one, bytes: Buffer.from([2]) })
  t.same(open().find('aa11')?.bytes, Buffer.from([2]), 'and saved again')
  again.delete(one)
  const two = { ...one, id: 'bb22' }
  again.create(two)
  again.save(two)
  t.same(readdirSync(dir), ['bb22'])
})

void t.test('what a crash left without a record is removed', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-store-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  mkdirSync(join(dir, 'half'))
  mkdirSync(join(dir, 'gone-half'))
  writeFileSync(join(dir, 'gone-half/thing.json'), '{"id":"half"}\n')
  mkdirSync(join(dir, 'torn'))
  writeFileSync(join(dir, 'torn/thing.json'), '{"id":')
  const files = new RecordFiles<Thing>(dir, 'thing.json', silentLogger, removeTree)
  t.same(files.load(), [])
  t.same(readdirSync(dir), [])
  t.end()
})

void t.test('a session’s token opens it once, and not after its time', async (t) => {
  const fire: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    setTimer: (_delayMs, act) => {
      fire.push(act)
      return { cancel: () => undefined }
    },
  }
  const tokens = new SessionTokens<string>(clock, seededRandom(1))
  const token = tokens.add('session')
  t.equal(tokens.take('another'), undefined)
  t.equal(tokens.take(token), 'session')
  t.equal(tokens.take(token), undefined)
  const late = tokens.add('late')
  fire.at(-1)!()
  await Promise.resolve()
  t.equal(tokens.take(late), undefined)
  for (let i = 0; i < 1000; i++) tokens.add('waiting')
  t.throws(() => tokens.add('one too many'), /maximum number of in-flight requests exceeded/)
})

void t.test('times grow with every call and follow a clock that was set back', (t) => {
  let now = 10_000
  const timestamps = new Timestamps({ ...systemClock, now: () => now })
  const first = timestamps.nowNs()
  t.ok(timestamps.nowNs() > first)
  now = 1000
  t.equal(timestamps.nowNs(), 1_000_000_000n)
  t.match(timestamps.now(), /^1970-01-01T00:00:01\.\d{9}Z$/)
  t.end()
})

void t.test('a verbose status shows variables as text, whatever their bytes', (t) => {
  t.same(viewVariable({ key: 'A', value: Buffer.from('ä=b') }), { key: 'A', value: 'ä=b' })
  t.end()
})
