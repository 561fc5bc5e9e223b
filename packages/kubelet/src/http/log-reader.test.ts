import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '@kemu/base'
import { parseLogOptions } from './log-options.ts'
import { readLog } from './log-reader.ts'

const line = (second: number, text: string, stream = 'stdout', tag = 'F'): string =>
  `2026-01-01T00:00:0${second}.000000000Z ${stream} ${tag} ${text}\n`

interface LogFile {
  readonly path: string
  read(query: string, isRunning?: () => boolean, seen?: (text: string) => void): Promise<string>
}

function logFile(test: { teardown(work: () => void): void }, text: string): LogFile {
  const dir = mkdtempSync(join(tmpdir(), 'log-'))
  test.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, '0.log')
  writeFileSync(path, text)
  const read: LogFile['read'] = async (query, isRunning = () => false, seen = () => undefined) => {
    let out = ''
    const options = parseLogOptions(new URLSearchParams(query), Date.parse('2026-01-01T00:00:10Z'))
    const write = async (chunk: Buffer): Promise<void> => {
      out += chunk.toString()
      seen(out)
    }
    await readLog(systemClock, { path, isRunning }, options, write, new AbortController().signal)
    return out
  }
  return { path, read }
}

t.test('options choose lines, times and bytes', async (t) => {
  const text =
    line(1, 'one') + line(2, 'tw', 'stdout', 'P') + line(2, 'o') + line(3, 'err', 'stderr')
  const log = logFile(t, text)
  t.equal(await log.read(''), 'one\ntwo\nerr\n')
  t.equal(await log.read('tailLines=1'), 'err\n')
  t.equal(await log.read('tailLines=0'), '')
  t.equal(await log.read('tailLines=9'), 'one\ntwo\nerr\n')
  t.equal(await log.read('sinceSeconds=8'), 'two\nerr\n')
  t.equal(await log.read('limitBytes=5'), 'one\nt')
  t.equal(await log.read('stream=Stderr'), 'err\n')
  t.equal(await log.read('timestamps=true&tailLines=1'), '2026-01-01T00:00:03.000000000Z err\n')
})

t.test(
  'following shows new lines, goes over a rotation, and ends with the container',
  async (t) => {
    const log = logFile(t, line(1, 'one'))
    let running = true
    const steps: Record<string, () => void> = {
      'one\n': () => appendFileSync(log.path, line(2, 'two')),
      'one\ntwo\n': () => {
        renameSync(log.path, `${log.path}.old`)
        writeFileSync(log.path, line(3, 'three'))
      },
      'one\ntwo\nthree\n': () => {
        appendFileSync(log.path, line(4, 'last'))
        running = false
      },
    }
    const out = await log.read(
      'follow=true',
      () => running,
      (text) => steps[text]?.(),
    )
    t.equal(out, 'one\ntwo\nthree\nlast\n')
  },
)

t.test('tails of large logs are found over many blocks', async (t) => {
  const many = Array.from({ length: 5000 }, (_, i) => line(1, `line ${i} ${'x'.repeat(40)}`)).join(
    '',
  )
  const log = logFile(t, many)
  const out = await log.read('tailLines=3000')
  t.equal(out.split('\n').length - 1, 3000)
  t.match(out, /^line 2000 /)
})

t.test('wrong options are refused as upstream does', async (t) => {
  const parse = (query: string) => () => parseLogOptions(new URLSearchParams(query), 0)
  t.throws(parse('tailLines=-1'), { code: 422 })
  t.throws(parse('limitBytes=0'), { code: 422 })
  t.throws(parse('sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z'), { code: 422 })
  t.throws(parse('tailLines=x'), { code: 400 })
  t.throws(parse('stream=Both'), { code: 422 })
})
